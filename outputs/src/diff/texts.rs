//! The texts of one stream in both runs, numbered together: equal codes are equal texts.

use crate::arrow::array::{Array, ArrayRef, AsArray, StringArray, UInt16Array};
use crate::arrow::buffer::ScalarBuffer;
use crate::arrow::datatypes::UInt16Type;
use crate::error::Error;
use causeflow_engine::base::table::Dictionary;
use std::collections::BTreeMap;

/// Numbers texts in the order in which they are first seen.
#[derive(Clone)]
pub(super) struct Texts {
    stream: String,
    list: Vec<String>,
    codes: BTreeMap<String, u16>,
}

impl Texts {
    pub fn new(stream: &str) -> Texts {
        Texts {
            stream: stream.to_owned(),
            list: Vec::new(),
            codes: BTreeMap::new(),
        }
    }

    pub fn get(&self, code: u16) -> &str {
        &self.list[usize::from(code)]
    }

    /// The code of a text, a new one if need be.
    pub fn code(&mut self, text: &str) -> Result<u16, Error> {
        if let Some(&code) = self.codes.get(text) {
            return Ok(code);
        }
        let code = u16::try_from(self.list.len()).map_err(|_| {
            self.error("the two runs have more than 65,536 different texts between them, which is more than a column of text can hold")
        })?;
        self.list.push(text.to_owned());
        self.codes.insert(text.to_owned(), code);
        Ok(code)
    }

    /// What is wrong with the stream.
    pub fn error(&self, message: &str) -> Error {
        Error::rows(&self.stream, message)
    }

    pub fn dictionary(&self) -> Dictionary {
        self.list.clone().into()
    }
}

/// Brings a column's codes into the common numbering. Batches of one row group share a dictionary,
/// so what was worked out for the last one is kept.
#[derive(Default)]
pub(super) struct Translator {
    last: Option<(ArrayRef, Vec<u16>)>,
}

impl Translator {
    /// The common codes of a dictionary array with 16-bit keys and texts.
    pub fn translate(&mut self, array: &ArrayRef, texts: &mut Texts) -> Result<UInt16Array, Error> {
        let array = array.as_dictionary::<UInt16Type>();
        let values = array.values();
        let known = self.last.as_ref();
        if known.is_none_or(|(last, _)| !last.to_data().ptr_eq(&values.to_data())) {
            let strings: &StringArray = values.as_string();
            let codes = (0..strings.len()).map(|place| texts.code(strings.value(place)));
            let codes = codes.collect::<Result<Vec<u16>, Error>>()?;
            self.last = Some((values.clone(), codes));
        }
        let codes = self.last.as_ref().map_or(&[][..], |(_, codes)| codes);
        let keys = array.keys();
        // Under a missing value stands any key.
        let code = |&key: &u16| codes.get(usize::from(key)).copied().unwrap_or(0);
        let translated: Vec<u16> = keys.values().iter().map(code).collect();
        Ok(UInt16Array::new(
            ScalarBuffer::from(translated),
            keys.nulls().cloned(),
        ))
    }
}
