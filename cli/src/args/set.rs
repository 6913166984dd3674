//! Values for the parameters of a model.

use std::collections::BTreeMap;

use clap::Args;

#[derive(Clone, Debug, Args)]
pub struct SetArgs {
    /// Gives a parameter of the model another value, such as return_share=20%. Repeatable
    ///
    /// `causeflow explain MODEL` lists the parameters and what they may be. Of several values for one, the last counts.
    #[arg(long, value_name = "NAME=VALUE", value_parser = setting, allow_hyphen_values = true)]
    pub set: Vec<(String, String)>,
}

impl SetArgs {
    /// The values by name.
    pub fn given(&self) -> BTreeMap<String, String> {
        self.set.iter().cloned().collect()
    }
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').unwrap_or(("", text));
    match (name.trim(), value.trim()) {
        ("", _) | (_, "") => {
            Err("write the name of a parameter, = and its value: return_share=20%".to_owned())
        }
        (name, value) => Ok((name.to_owned(), value.to_owned())),
    }
}
