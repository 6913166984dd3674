//! Ids as types: the place of something in the table that holds it.
//!
//! An id is as small as the number in it, and serialised as such. Lists are indexed by it as they are by a place, so that
//! none of it is ever converted; what has many ids in one word packs the numbers.

/// Declares an id around a number.
macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident($number:ty)) => {
        $(#[$doc])*
        #[derive(
            Clone,
            Copy,
            Debug,
            PartialEq,
            Eq,
            PartialOrd,
            Ord,
            Hash,
            serde::Serialize,
            serde::Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub $number);

        impl $name {
            /// The id of what is at this place; there must be a number for it, as there is for all that has been compiled.
            pub fn at(place: usize) -> $name {
                $name(<$number>::try_from(place).expect("a table that its ids can number"))
            }

            /// Its place in the table.
            #[inline(always)]
            pub fn index(self) -> usize {
                usize::from(self.0)
            }

            /// All of a table, each with its id.
            pub fn each<T>(table: &[T]) -> impl ExactSizeIterator<Item = ($name, &T)> + Clone {
                table.iter().enumerate().map(|(place, one)| ($name::at(place), one))
            }
        }

        impl<T> std::ops::Index<$name> for [T] {
            type Output = T;

            #[inline(always)]
            fn index(&self, id: $name) -> &T {
                &self[id.index()]
            }
        }

        impl<T> std::ops::Index<$name> for Vec<T> {
            type Output = T;

            #[inline(always)]
            fn index(&self, id: $name) -> &T {
                &self[id.index()]
            }
        }

        impl<T> std::ops::IndexMut<$name> for Vec<T> {
            #[inline(always)]
            fn index_mut(&mut self, id: $name) -> &mut T {
                &mut self[id.index()]
            }
        }
    };
}

pub(crate) use id_type;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    id_type! {
        /// Of a table of the test.
        Id(u8)
    }

    proptest! {
        #[test]
        fn ids_are_places_and_stored_as_their_numbers(table in prop::collection::vec(any::<u32>(), 0..=256)) {
            let mut doubled = table.clone();
            for (place, (id, &one)) in Id::each(&table).enumerate() {
                prop_assert_eq!((id, id.index()), (Id::at(place), place));
                prop_assert_eq!((one, table[id], table[..][id]), (table[place], one, one));
                doubled[id] = one / 2;
                prop_assert_eq!(doubled[place], one / 2);
                let stored = postcard::to_allocvec(&id).unwrap();
                prop_assert_eq!(&stored, &postcard::to_allocvec(&id.0).unwrap());
                prop_assert_eq!(postcard::from_bytes::<Id>(&stored).unwrap(), id);
            }
        }
    }

    #[test]
    #[should_panic(expected = "a table that its ids can number")]
    fn there_is_no_id_beyond_the_last_number() {
        Id::at(256);
    }
}
