//! The fuzz targets' entry, over their corpus and mutations of it.

use std::fs;
use std::path::Path;

use entry::{Side, read};
use proptest::prelude::*;

#[path = "../fuzz/entry.rs"]
mod entry;

fn corpus(side: Side) -> Vec<Vec<u8>> {
    let name = match side {
        Side::Server => "requests",
        Side::Client => "responses",
    };
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut paths: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| fs::read(path).unwrap()).collect()
}

#[test]
fn the_corpus_is_read_the_same_however_it_is_cut() {
    for side in [Side::Server, Side::Client] {
        let corpus = corpus(side);
        assert!(corpus.len() > 10, "the corpus is where it is looked for");
        for bytes in corpus {
            read(side, &bytes);
            (0..bytes.len().min(300)).for_each(|end| read(side, &bytes[..end]));
        }
    }
}

/// One change of some bytes.
#[derive(Clone, Debug)]
enum Change {
    Set(usize, u8),
    Insert(usize, Vec<u8>),
    Remove(usize, usize),
    Repeat(usize, usize, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let piece = prop::sample::select(vec![
        "\r\n",
        "\n",
        "\r",
        "0\r\n\r\n",
        "\r\n\r\n",
        ":",
        ", ",
        "0",
        "ffffffff",
        "chunked",
        "content-length: 7\r\n",
        "transfer-encoding: chunked\r\n",
        "HTTP/1.0",
        "connection: close\r\n",
        "\0",
        "\u{ff}",
    ]);
    prop_oneof![
        (any::<usize>(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        (any::<usize>(), piece).prop_map(|(at, piece)| Change::Insert(at, piece.as_bytes().to_vec())),
        (any::<usize>(), 1usize..20).prop_map(|(at, count)| Change::Remove(at, count)),
        (any::<usize>(), 1usize..60, 2usize..100)
            .prop_map(|(at, count, times)| Change::Repeat(at, count, times)),
    ]
}

fn changed(mut bytes: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        let length = bytes.len();
        let place = |at: usize| at % (length + 1);
        match change {
            Change::Set(at, byte) => {
                if let Some(old) = bytes.get_mut(place(*at)) {
                    *old = *byte;
                }
            }
            Change::Insert(at, piece) => {
                let at = place(*at);
                bytes.splice(at..at, piece.iter().copied());
            }
            Change::Remove(at, count) => {
                let from = place(*at);
                bytes.drain(from..(from + count).min(bytes.len()));
            }
            Change::Repeat(at, count, times) => {
                let from = place(*at);
                let piece = bytes[from..(from + count).min(bytes.len())].repeat(*times);
                bytes.splice(from..from, piece);
            }
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn what_a_client_could_send_is_read_the_same_however_it_is_cut(
        bytes in prop::sample::select(corpus(Side::Server)),
        changes in prop::collection::vec(change(), 0..6),
    ) {
        read(Side::Server, &changed(bytes, &changes));
    }

    #[test]
    fn what_a_gateway_could_send_is_read_the_same_however_it_is_cut(
        bytes in prop::sample::select(corpus(Side::Client)),
        changes in prop::collection::vec(change(), 0..6),
    ) {
        read(Side::Client, &changed(bytes, &changes));
    }

    #[test]
    fn any_bytes_are_read_the_same_however_they_are_cut(bytes in prop::collection::vec(any::<u8>(), 0..500)) {
        read(Side::Server, &bytes);
        read(Side::Client, &bytes);
        read(Side::Client, &[b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".as_slice(), &bytes].concat());
    }
}
