//! The words of the interface, in Fluent files: `locales/ko.ftl` and `locales/en.ftl`, complete in both
//! (a test holds them against each other and against every key that the code uses).

use std::sync::LazyLock;

use course::Lang;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};
use unic_langid::LanguageIdentifier;

type Bundle = FluentBundle<FluentResource>;

static KO: LazyLock<Bundle> = LazyLock::new(|| bundle(Lang::Ko, include_str!("../locales/ko.ftl")));
static EN: LazyLock<Bundle> = LazyLock::new(|| bundle(Lang::En, include_str!("../locales/en.ftl")));

/// The interface in one language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words(pub Lang);

impl Words {
    /// The text of `key`.
    pub fn t(self, key: &str) -> String {
        self.with(key, &[])
    }

    /// The text of `key`, with values put in. Values are text: the page escapes them.
    pub fn with(self, key: &str, values: &[(&str, FluentValue<'_>)]) -> String {
        let bundle = match self.0 {
            Lang::Ko => &*KO,
            Lang::En => &*EN,
        };
        // Both files hold every key that the code uses: the test `words` fails otherwise.
        let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
            return key.to_owned();
        };
        let mut args = FluentArgs::new();
        for (name, value) in values {
            args.set(*name, value.clone());
        }
        bundle
            .format_pattern(pattern, Some(&args), &mut Vec::new())
            .into_owned()
    }
}

fn bundle(lang: Lang, source: &str) -> Bundle {
    let resource = FluentResource::try_new(source.to_owned())
        .unwrap_or_else(|(_, errors)| panic!("locales/{lang}.ftl: {errors:?}"));
    let id: LanguageIdentifier = lang.code().parse().expect("ko and en are language codes");
    let mut bundle = Bundle::new_concurrent(vec![id]);
    // The isolating marks are for mixed writing directions, which we do not have, and break copying.
    bundle.set_use_isolating(false);
    bundle
        .add_resource(resource)
        .unwrap_or_else(|errors| panic!("locales/{lang}.ftl: {errors:?}"));
    bundle
}
