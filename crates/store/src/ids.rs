//! Numbers that name rows, each a type of its own, so that none is taken for another.

use std::{fmt, num::ParseIntError, str::FromStr};

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[derive(Serialize, Deserialize, sqlx::Type)]
        #[serde(transparent)]
        #[sqlx(transparent)]
        pub struct $name(i64);

        impl $name {
            /// The number itself.
            pub fn get(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        /// Parses any number; whether such a row exists, only the store knows.
        impl FromStr for $name {
            type Err = ParseIntError;

            fn from_str(text: &str) -> Result<Self, ParseIntError> {
                text.parse().map(Self)
            }
        }
    };
}

id! {
    /// An account: a student's or an instructor's. Never used again for another person.
    AccountId
}
id! {
    /// A class.
    ClassId
}
id! {
    /// A lesson that a class is to have done by a time.
    AssignmentId
}
id! {
    /// Something that was said to a class; later ones have higher numbers.
    AnnouncementId
}
id! {
    /// An attempt; later attempts have higher numbers.
    AttemptId
}
id! {
    /// A token for the class's hub.
    HubTokenId
}
