//! What is removed from the hub, and the room that it gives back.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::{
    classroom::{Classroom, SOON, id},
    hub::{files, last, publish_accounts, publish_tiny, student},
};

/// How many blobs there are.
const BLOBS: &str = "find registry/docker/registry/v2/blobs -name data | wc -l";

#[tokio::test(flavor = "multi_thread")]
async fn what_is_removed_gives_its_room_back_and_nothing_else_goes() {
    let classroom = Classroom::open(&["--hub-quota", "60M"]).await;
    let (hong, kim) = (id("hong"), id("kim"));
    classroom.ready(&hong).await;
    classroom.ready(&kim).await;
    publish_tiny(&classroom, &kim, "latest").await;
    publish_accounts(&classroom, &[("hong", "gyh_hong")]);
    let hub = hub::Client::new(classroom.data());
    let push = r#"docker login -u hong --password-stdin <<<gyh_hong 2>/dev/null >/dev/null; docker pull -q tiny >/dev/null
        make() { d=$(mktemp -d); head -c "$1" /dev/urandom >$d/file; printf 'FROM tiny\nCOPY file /\nEXPOSE 80\n' >$d/Dockerfile; docker build -q -t "$2" $d >/dev/null && docker push -q "$2"; }"#;
    let first = format!("{push}; make 30M hong/large && make 1M hong/small:1");
    let (exit, said) = student(&classroom, &hong, &first).await;
    assert_eq!(exit, Some(0), "{said}");

    // What there is, as a page shows it.
    let images = hub.images().await.expect("a list");
    let names: Vec<&str> = images.iter().map(|image| &*image.name).collect();
    assert_eq!(names, ["hong/large", "hong/small", "library/tiny"]);
    assert_eq!(images[2].description, "A tiny one");
    let large = &images[0].tags[0];
    assert_eq!(large.name, "latest");
    assert!(
        large.size > 30 << 20 && large.pushed_ms > 1_700_000_000_000,
        "{large:?}"
    );
    let inspection = hub.inspect("hong/large", "latest").await.expect("an image");
    assert_eq!(inspection.ports, ["80/tcp"]);
    assert_eq!(inspection.command, ["bash"]);
    let top = inspection.layers.last().expect("a layer");
    assert!(
        top.size > 30 << 20 && top.made_by.contains("COPY file"),
        "{top:?}"
    );
    let share = hub.share("hong").await.expect("a share");
    assert!(
        share.used > 31 << 20 && share.quota == 60 << 20,
        "{share:?}"
    );

    // There is no room for another of that size, until it is removed.
    let second = format!("{push}; make 40M hong/other");
    let (exit, said) = student(&classroom, &hong, &second).await;
    assert!(
        exit == Some(1) && last(&said).contains("hub page"),
        "{said}"
    );
    assert!(matches!(
        hub.remove("hong/large", "none").await,
        Err(hub::ClientError::NoSuchImage)
    ));
    hub.remove("hong/large", "latest").await.expect("a removal");
    let pulls = async {
        loop {
            let pull = "docker rmi -f tiny hong/small:1 >/dev/null 2>&1; docker pull -q tiny && docker pull -q hong/small:1";
            let (exit, said) = student(&classroom, &kim, pull).await;
            assert_eq!(exit, Some(0), "pulls go on: {said}");
            // One machine may ask for 50 names a second; without a rest, this asks for more.
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    };
    let swept = async {
        while hub.share("hong").await.expect("a share").used > 20 << 20
            || !files(&classroom, "find registry -name data -size +20M")
                .await
                .is_empty()
        {
            sleep(Duration::from_millis(200)).await;
        }
    };
    tokio::select! {
        () = pulls => {}
        swept = timeout(SOON, swept) => swept.expect("room"),
    }
    let (exit, said) = student(&classroom, &hong, &second).await;
    assert_eq!(exit, Some(0), "{said}");
    let (_, said) = student(&classroom, &kim, "docker pull hong/large").await;
    assert!(said.contains("pull access denied"), "{said}");

    // A tag that stands for something else now, and then all of an account.
    let again = format!("{push}; make 1M hong/small:1");
    assert_eq!(student(&classroom, &hong, &again).await.0, Some(0));
    let before: u32 = files(&classroom, BLOBS)
        .await
        .trim()
        .parse()
        .expect("a number");
    hub.remove("hong/other", "latest").await.expect("a removal");
    let fewer = async |most: u32| {
        let fewer = async {
            loop {
                let blobs: u32 = files(&classroom, BLOBS)
                    .await
                    .trim()
                    .parse()
                    .expect("a number");
                if blobs <= most {
                    return blobs;
                }
                sleep(Duration::from_millis(200)).await;
            }
        };
        timeout(SOON, fewer).await.expect("fewer blobs")
    };
    // Layer, configuration and manifest of `other`, and of what `small:1` was before.
    assert_eq!(fewer(before - 6).await, before - 6);
    let pull = "docker rmi -f hong/small:1 >/dev/null; docker pull -q hong/small:1 && docker run --rm hong/small:1 bash -c 'echo there'";
    let (_, said) = student(&classroom, &kim, pull).await;
    assert_eq!(last(&said), "there", "{said}");
    hub.remove_account("hong").await.expect("a removal");
    // What is left is `tiny`.
    assert_eq!(fewer(3).await, 3);
    let pull = "docker system prune -af >/dev/null; docker pull -q tiny";
    let (exit, said) = student(&classroom, &kim, pull).await;
    assert_eq!(exit, Some(0), "{said}");
}
