//! Public keys on P-256 as SubjectPublicKeyInfo: of fixed length, so a prefix and the point.

use base64::prelude::*;

/// What comes before the point: `id-ecPublicKey` with `prime256v1`, and a bit string of 66 bytes less one.
///
/// # Source
/// RFC 5480 section 2.
const PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];
/// The first byte of a point whose two coordinates follow.
const UNCOMPRESSED: u8 = 4;
/// Lines around the base64 of PEM.
const PEM_BEGIN: &str = "-----BEGIN PUBLIC KEY-----\n";
const PEM_END: &str = "-----END PUBLIC KEY-----\n";
/// Digits of base64 on one line of PEM.
const PEM_WIDTH: usize = 64;

/// A point on P-256 as `04 || x || y`; whether it is on the curve is for who verifies with it.
pub type Point = [u8; 65];

/// The DER of a public key.
pub fn spki_from_point(point: &Point) -> [u8; 91] {
    let mut spki = [0; 91];
    spki[..PREFIX.len()].copy_from_slice(&PREFIX);
    spki[PREFIX.len()..].copy_from_slice(point);
    spki
}

/// The point of a public key; `None` for every other encoding, other curves and compressed points.
pub fn point_from_spki(spki: &[u8]) -> Option<Point> {
    let point: Point = spki.strip_prefix(&PREFIX)?.try_into().ok()?;
    (point[0] == UNCOMPRESSED).then_some(point)
}

/// The point of two coordinates, most significant byte first.
pub fn point_from_coordinates(x: &[u8; 32], y: &[u8; 32]) -> Point {
    let mut point = [UNCOMPRESSED; 65];
    point[1..33].copy_from_slice(x);
    point[33..].copy_from_slice(y);
    point
}

/// A public key as PEM.
///
/// # Source
/// RFC 7468 section 13.
pub fn pem_from_point(point: &Point) -> String {
    let digits = BASE64_STANDARD.encode(spki_from_point(point));
    let mut pem = PEM_BEGIN.to_owned();
    for (at, digit) in digits.char_indices() {
        if at > 0 && at % PEM_WIDTH == 0 {
            pem.push('\n');
        }
        pem.push(digit);
    }
    pem + "\n" + PEM_END
}

/// The point of a public key in PEM, exactly as [`pem_from_point`] writes it.
pub fn point_from_pem(pem: &str) -> Option<Point> {
    let digits = pem.strip_prefix(PEM_BEGIN)?.strip_suffix(PEM_END)?.replace('\n', "");
    let point = point_from_spki(&BASE64_STANDARD.decode(digits).ok()?)?;
    (pem_from_point(&point) == pem).then_some(point)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The base point of P-256 as `openssl pkey -pubin -inform DER` writes it.
    const PEM: &str = "-----BEGIN PUBLIC KEY-----\n\
        MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt\n\
        6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==\n\
        -----END PUBLIC KEY-----\n";

    #[test]
    fn a_public_key_is_read_as_it_is_written() {
        let point = point_from_pem(PEM).expect("a key");
        assert_eq!(pem_from_point(&point), PEM);
        assert_eq!(hex::encode(&point[..5]), "046b17d1f2");
        assert_eq!(point_from_spki(&spki_from_point(&point)), Some(point));
        let (x, y) = (point[1..33].try_into().expect("x"), point[33..].try_into().expect("y"));
        assert_eq!(point_from_coordinates(&x, &y), point);
    }

    #[test]
    fn every_other_encoding_is_refused() {
        let spki = spki_from_point(&point_from_pem(PEM).expect("a key"));
        let changed = |at: usize, to: u8| {
            let mut changed = spki.to_vec();
            changed[at] = to;
            changed
        };
        let cases = [
            ("empty", Vec::new()),
            ("short", spki[..90].to_vec()),
            ("long", [&spki[..], &[0]].concat()),
            ("another curve", changed(22, 8)),
            ("a compressed point", changed(26, 2)),
            ("a hybrid point", changed(26, 6)),
        ];
        for (name, spki) in cases {
            assert_eq!(point_from_spki(&spki), None, "{name}");
        }
        for (name, pem) in [
            ("carriage returns", PEM.replace('\n', "\r\n")),
            ("something before it", format!("\n{PEM}")),
            ("something after it", format!("{PEM}\n")),
            ("lines of another length", PEM.replace("Et\n", "\nEt")),
            ("another label", PEM.replace("PUBLIC", "PRIVATE")),
        ] {
            assert_eq!(point_from_pem(&pem), None, "{name}");
        }
    }
}
