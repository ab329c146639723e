//! Files: the browser client and the pictures of lessons.

use std::path::Path;

use axum::{
    Router,
    extract::{self, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use tower_http::services::ServeDir;

use crate::{app_state::Classroom, course_folder::Assets, site, trouble::Trouble};

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
    asked: HeaderMap,
) -> Result<Response, Trouble> {
    picture(
        &classroom.folder.taught().assets,
        &format!("{unit}/{file}"),
        &asked,
    )
}

/// Answers with a picture. Only what a lesson shows, by the name that the author wrote: nothing else
/// of the folder.
pub(super) fn picture(assets: &Assets, name: &str, asked: &HeaderMap) -> Result<Response, Trouble> {
    let asset = assets.get(name).ok_or(Trouble::NotFound)?;
    // Its address stays when the author changes it, so the browser asks each time whether it is still
    // the one that it has.
    let tag = format!("\"{}\"", asset.hash);
    let has_it = asked
        .get(header::IF_NONE_MATCH)
        .is_some_and(|has| has.as_bytes() == tag.as_bytes());
    if has_it {
        let headers = [
            (header::ETAG, tag.as_str()),
            (header::CACHE_CONTROL, ASK_EACH_TIME),
        ];
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
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
        (header::ETAG, tag.as_str()),
        // An SVG opened by itself is a document: it may do nothing.
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        ),
    ];
    Ok((headers, asset.bytes.clone()).into_response())
}
