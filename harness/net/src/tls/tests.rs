//! Both ends of TLS against each other, in both worlds.

use std::io::{self, ErrorKind};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::{Authority, ClientTls, Identity, Issued, ServerTls, TlsError, Trust, hello};
use crate::testing::{connected, in_both_worlds};
use crate::{Stream, World};

const NAME: &str = "shop.test";
const HOUR: Duration = Duration::from_hours(1);

fn authority(world: &World) -> Authority {
    Authority::new("shop", world.wall_clock()).unwrap()
}

fn valid(world: &World, authority: &Authority) -> Issued {
    let now = world.wall_clock();
    authority.issue(&[NAME.into()], now - HOUR, now + HOUR).unwrap()
}

fn trusting(world: &World, authority: &Authority) -> ClientTls {
    let trust = Trust::Authorities(authority.certificate_pem().into_bytes());
    ClientTls::new(world, NAME, trust, None).unwrap()
}

async fn accept(stream: &mut Stream, tls: &ServerTls) -> io::Result<()> {
    hello(stream).await?.accept(tls).await
}

async fn shake_hands(world: &World, client: &ClientTls, server: &ServerTls) -> io::Result<(Stream, Stream)> {
    let (mut near, mut far) = connected(world).await;
    let (here, there) = tokio::join!(client.connect(&mut near), accept(&mut far, server));
    here.and(there).map(|()| (near, far))
}

async fn secured(world: &World) -> (Stream, Stream) {
    let authority = authority(world);
    let server = ServerTls::new(world, valid(world, &authority)).unwrap();
    shake_hands(world, &trusting(world, &authority), &server).await.unwrap()
}

#[test]
fn bytes_arrive_in_order_and_an_orderly_end_is_announced() {
    in_both_worlds(|world| async move {
        let (mut near, mut far) = secured(&world).await;
        near.write_all(b"one two").await.unwrap();
        near.shutdown().await.unwrap();
        let mut text = String::new();
        far.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "one two");
        far.write_all(b"three").await.unwrap();
        far.shutdown().await.unwrap();
        near.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "one twothree", "the other direction stays open");
    });
}

#[test]
fn a_drop_is_a_fin_that_nobody_announced_and_a_reset_is_a_reset() {
    in_both_worlds(|world| async move {
        let (near, mut far) = secured(&world).await;
        drop(near);
        assert_eq!(far.read_u8().await.unwrap_err().kind(), ErrorKind::UnexpectedEof);
        let (near, mut far) = secured(&world).await;
        near.reset();
        assert_eq!(far.read_u8().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    });
}

#[test]
fn what_was_written_leaves_while_its_writer_only_reads() {
    in_both_worlds(|world| async move {
        let (mut near, mut far) = secured(&world).await;
        let much = vec![7; 8 << 20];
        let sending = async {
            near.write_all(&much).await.unwrap();
            near.read_u8().await.unwrap()
        };
        let receiving = async {
            let mut bytes = vec![0; much.len()];
            far.read_exact(&mut bytes).await.unwrap();
            far.write_all(b"!").await.unwrap();
            bytes == much
        };
        assert_eq!(tokio::join!(sending, receiving), (b'!', true));
    });
}

#[test]
fn a_certificate_that_is_wrong_in_any_way_is_refused_and_anyone_who_does_not_check_takes_it() {
    in_both_worlds(|world| async move {
        let authority = authority(&world);
        let now = world.wall_clock();
        let issue = |name: &str, from, to| authority.issue(&[name.into()], from, to).unwrap();
        let stranger = self::authority(&world);
        let wrong = [
            issue(NAME, now - 3 * HOUR, now - HOUR),
            issue(NAME, now + HOUR, now + 3 * HOUR),
            issue("other.test", now - HOUR, now + HOUR),
            valid(&world, &authority).without_chain(),
            valid(&world, &stranger),
        ];
        let unchecked = ClientTls::new(&world, NAME, Trust::Anyone, None).unwrap();
        for issued in wrong {
            let server = ServerTls::new(&world, issued).unwrap();
            let failed = shake_hands(&world, &trusting(&world, &authority), &server).await;
            assert_eq!(failed.err().unwrap().kind(), ErrorKind::InvalidData);
            assert!(shake_hands(&world, &unchecked, &server).await.is_ok());
        }
    });
}

#[test]
fn a_client_without_a_certificate_hears_of_it_when_it_reads() {
    in_both_worlds(|world| async move {
        let authority = authority(&world);
        let issued = valid(&world, &authority);
        let server = ServerTls::wanting_certificate(&world, issued, &authority).unwrap();
        let (mut near, mut far) = connected(&world).await;
        let client = trusting(&world, &authority);
        let (here, there) = tokio::join!(client.connect(&mut near), accept(&mut far, &server));
        assert!(here.is_ok(), "under TLS 1.3 the client is done first");
        assert_eq!(there.unwrap_err().kind(), ErrorKind::InvalidData);
        drop(far);
        assert_eq!(near.read_u8().await.unwrap_err().kind(), ErrorKind::InvalidData);
    });
}

/// PEM (RFC 7468) of DER.
fn pem(label: &str, der: &[u8]) -> String {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for (index, group) in der.chunks(3).enumerate() {
        let bits =
            group.iter().fold(0, |bits, byte| bits << 8 | usize::from(*byte)) << (8 * (3 - group.len()));
        let digits = (0..4).map(|digit| char::from(DIGITS[bits >> (18 - 6 * digit) & 63]));
        text.extend(digits.take(group.len() + 1).chain(std::iter::repeat_n('=', 3 - group.len())));
        if index % 16 == 15 {
            text.push('\n');
        }
    }
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

#[test]
fn a_client_with_a_certificate_is_let_in() {
    in_both_worlds(|world| async move {
        let authority = authority(&world);
        let issued = valid(&world, &authority);
        let own = valid(&world, &authority);
        let chain: String = own.chain.iter().map(|der| pem("CERTIFICATE", der)).collect();
        let key = pem("PRIVATE KEY", own.key.secret_der());
        let identity = Identity::from_pem(chain.as_bytes(), key.as_bytes()).unwrap();
        let trust = Trust::Authorities(authority.certificate_pem().into_bytes());
        let client = ClientTls::new(&world, NAME, trust, Some(identity)).unwrap();
        let server = ServerTls::wanting_certificate(&world, issued, &authority).unwrap();
        let (mut near, mut far) = shake_hands(&world, &client, &server).await.unwrap();
        near.write_all(b"!").await.unwrap();
        assert_eq!(far.read_u8().await.unwrap(), b'!');
    });
}

#[test]
fn what_is_no_tls_fails_the_handshake_and_leaves_nothing_to_write_to() {
    in_both_worlds(|world| async move {
        let (mut near, mut far) = connected(&world).await;
        near.write_all(b"GET / HTTP/1.1\r\nhost: shop.test\r\n\r\n").await.unwrap();
        assert!(hello(&mut far).await.is_err());
        assert_eq!(far.write_all(b"x").await.unwrap_err().kind(), ErrorKind::BrokenPipe);
        assert_eq!(far.read(&mut [0; 8]).await.unwrap(), 0);
    });
}

#[test]
fn texts_that_hold_no_certificate_or_key_are_told_apart_and_not_repeated() {
    crate::simulate(|world| async move {
        let pem = authority(&world).certificate_pem();
        let refused =
            |trust: &str| ClientTls::new(&world, NAME, Trust::Authorities(trust.into()), None).err().unwrap();
        assert!(matches!(refused(""), TlsError::NoCertificate));
        assert!(matches!(refused("-----BEGIN CERTIFICATE-----\nx\n"), TlsError::NoCertificate));
        assert!(matches!(Identity::from_pem(pem.as_bytes(), b"secret").err(), Some(TlsError::NoKey)));
        let name = ClientTls::new(&world, "a b", Trust::Anyone, None).err().unwrap();
        assert_eq!(name.to_string(), "`a b` is neither a host name nor an address");
    });
}
