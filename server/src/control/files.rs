//! Files: the browser client and the pictures of lessons.

use std::path::Path;

use axum::{
    Router,
    extract::{self, Request, State},
    http::{HeaderValue, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use tower_http::services::ServeDir;

use crate::{app_state::Classroom, site, trouble::Trouble};

/// For names that carry a hash: what they hold never changes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// For all others: kept, but asked about each time.
const ASK_EACH_TIME: &str = "no-cache";

/// The browser client, compressed beforehand.
pub(super) fn site(classroom: &Classroom, folder: &Path) -> Router {
    let files = ServeDir::new(folder)
        .precompressed_br()
        .precompressed_gzip();
    let site = classroom.site.clone();
    let caching = move |request: Request, next: Next| {
        let hashed = site::is_hashed(&site, request.uri().path())
            || request
                .uri()
                .query()
                .is_some_and(|query| query.starts_with("v="));
        async move {
            let mut response = next.run(request).await;
            if response.status().is_success() {
                let value = if hashed { FOR_EVER } else { ASK_EACH_TIME };
                response
                    .headers_mut()
                    .insert(header::CACHE_CONTROL, HeaderValue::from_static(value));
            }
            response
        }
    };
    Router::new()
        .fallback_service(files)
        .layer(middleware::from_fn(caching))
}

/// A picture that a lesson shows.
pub(super) async fn asset(
    State(classroom): State<Classroom>,
    extract::Path((unit, file)): extract::Path<(String, String)>,
) -> Result<Response, Trouble> {
    let name = format!("{unit}/{file}");
    // Only what a lesson shows, by the name that the author wrote: nothing else of the folder.
    let Some(bytes) = classroom.assets.get(&name) else {
        return Err(Trouble::NotFound);
    };
    let kind = match name.rsplit('.').next() {
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("webp") => "image/webp",
        _ => "application/octet-stream",
    };
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, ASK_EACH_TIME),
        // An SVG opened by itself is a document: it may do nothing.
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        ),
    ];
    Ok((headers, bytes.clone()).into_response())
}
