//! `index.docker.io`: what there is, for `docker search`.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    names::{LIBRARY, Repository},
    storage::Storage,
};

/// How many results one search has, unless it asks for fewer, and at most: Docker's own numbers.
const RESULTS: usize = 25;
const RESULTS_MAX: usize = 100;

/// What is asked.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    q: String,
    n: Option<usize>,
}

/// Searches names and descriptions: the name itself first, then the classroom's images, then
/// students'. Takes the disk's time.
pub(crate) fn search(storage: &Storage, asked: &Asked) -> Value {
    let wanted = asked.q.to_lowercase();
    let mut found: Vec<(Repository, String)> = storage
        .repositories()
        .into_iter()
        .map(|repository| {
            let description = storage.description(&repository).unwrap_or_default();
            (repository, description)
        })
        .filter(|(repository, description)| {
            repository.shown().contains(&wanted) || description.to_lowercase().contains(&wanted)
        })
        .collect();
    found.sort_by_cached_key(|(repository, _)| {
        let is_official = repository.namespace() == LIBRARY;
        (
            repository.shown() != wanted,
            !is_official,
            repository.clone(),
        )
    });
    let count = found.len();
    let most = asked.n.unwrap_or(RESULTS).clamp(1, RESULTS_MAX);
    let results: Vec<Value> = found
        .into_iter()
        .take(most)
        .map(|(repository, description)| {
            json!({
                "name": repository.shown(),
                "description": description,
                "star_count": 0,
                "is_official": repository.namespace() == LIBRARY,
                "is_automated": false,
            })
        })
        .collect();
    json!({
        "query": asked.q,
        "num_results": count,
        "page": 1,
        "page_size": results.len(),
        "num_pages": 1,
        "results": results,
    })
}
