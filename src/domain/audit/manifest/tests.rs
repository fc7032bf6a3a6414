use proptest::prelude::*;

use super::*;

fn digests() -> BTreeMap<Member, [u8; 32]> {
    (0..).zip(Member::listed()).map(|(n, member)| (member, [n; 32])).collect()
}

fn manifest() -> Manifest {
    let range = Range::new(7, 300).expect("a range");
    let created = Timestamp::parse("2026-11-23T21:00:07Z").expect("an instant");
    Manifest::new("corp.example/gate-1", range, created, digests()).expect("a manifest")
}

#[test]
fn a_manifest_reads_back_and_its_lines_are_in_the_order_of_paths() {
    let text = manifest().to_text();
    assert_eq!(Manifest::parse(&text), Ok(manifest()));
    assert!(text.starts_with("corp.example/gate-1/bundle/v1\nrange 7 300\ncreated 2026-11-23T21:00:07Z\n"));
    let paths: Vec<&str> = text.lines().skip(3).map(|line| &line[66..]).collect();
    let mut sorted = paths.clone();
    sorted.sort_unstable();
    assert_eq!((paths.len(), &paths), (27, &sorted));
    let note = format!("{text}\n\u{2014} corp.example/gate-1/bundle AAAA\n");
    assert_eq!(Manifest::in_note(note.as_bytes()), Ok(manifest()));
    assert_eq!(Manifest::in_note(text.as_bytes()), Err(ManifestError::NotANote));
    assert_eq!(manifest().file_name(), "corp.example-gate-1-7-300.pcab.tar");
    assert!(manifest().members().eq(Member::ALL));
}

#[test]
fn only_the_certificate_of_the_chip_may_be_missing() {
    for member in Member::listed() {
        let mut fewer = digests();
        fewer.remove(&member);
        let made = Manifest::new("a/b", manifest().range(), manifest().created(), fewer);
        let expected = match member {
            Member::EndorsementCertificate => None,
            _ => Some(ManifestError::Missing { member }),
        };
        assert_eq!(made.err(), expected, "{member}");
    }
}

#[test]
fn what_would_be_written_otherwise_is_refused() {
    let text = manifest().to_text();
    let line = |line| Some(format!("line {line} is not "));
    let swapped = |a: usize, b: usize| {
        let mut lines: Vec<&str> = text.lines().collect();
        lines.swap(a, b);
        lines.join("\n") + "\n"
    };
    let added = |line: &str| text.clone() + &"0".repeat(64) + line + "\n";
    let cases = [
        ("as it was", text.clone(), None),
        ("nothing", String::new(), line(1)),
        ("no end of line", text.trim_end().to_owned(), line(30)),
        ("another format", text.replace("/v1", "/v2"), line(1)),
        ("an origin of one name", text.replace("corp.example/", ""), Some("the origin is not".to_owned())),
        ("an origin of three", text.replace("gate-1", "a/b"), Some("the origin is not".to_owned())),
        ("an origin with a path", text.replace("gate-1", ".."), Some("the origin is not".to_owned())),
        ("upper case", text.replace("1a1a", "1A1a"), line(4)),
        ("one blank", text.replace("  frontier", " frontier"), line(8)),
        (
            "a blank more",
            text.replace("  frontier", "   frontier"),
            Some("line 8 names \" frontier\"".to_owned()),
        ),
        ("no order", swapped(8, 9), Some("line 10 names".to_owned())),
        (
            "one twice",
            text.replace("  frontier", "  entries.ndjson"),
            Some("line 8 names \"entries.nd".to_owned()),
        ),
        ("itself", added("  MANIFEST"), Some("line 31 names \"MANIFEST\"".to_owned())),
        ("an unknown one", added("  zebra"), Some("line 31 names \"zebra\"".to_owned())),
        ("a way out", added("  ../../etc/passwd"), Some("line 31 names \"../../etc".to_owned())),
        (
            "a missing one",
            text.replace(&format!("{}  frontier\n", "02".repeat(32)), ""),
            Some("it does not list frontier".to_owned()),
        ),
        ("an empty line", text.replace("range", "\nrange"), line(2)),
        ("CR LF", text.replace('\n', "\r\n"), line(1)),
    ];
    for (name, text, expected) in cases {
        let got = Manifest::parse(&text).map_err(|error| error.to_string());
        let right = match (&got, &expected) {
            (Ok(read), None) => *read == manifest(),
            (Err(got), Some(expected)) => got.starts_with(expected),
            _ => false,
        };
        assert!(right, "{name}: {got:?}");
    }
}

#[test]
fn a_range_begins_before_it_ends_and_is_spelt_one_way() {
    let last = (1_u64 << 53) - 1;
    let cases = [
        ("one entry", "0 1", Some((0, 1))),
        ("none", "1 1", None),
        ("backwards", "2 1", None),
        ("a milliard", "0 1000000000", Some((0, 1_000_000_000))),
        ("the last", "0 9007199254740991", Some((0, last))),
        ("one over", "0 9007199254740992", None),
        ("more than a number holds", "0 99999999999999999999", None),
        ("zeros before", "00 1", None),
        ("a sign", "+0 1", None),
        ("three", "0 1 2", None),
        ("one", "0", None),
        ("a blank more", "0  1", None),
    ];
    for (name, range, expected) in cases {
        let text = manifest().to_text().replace("7 300", range);
        let got = Manifest::parse(&text).ok().map(|read| (read.range().old(), read.range().new_size()));
        assert_eq!(got, expected, "{name}");
    }
}

#[test]
fn an_instant_is_in_utc_to_the_second_and_fits_a_header() {
    let cases = [
        ("the last second", "2242-03-16T12:56:31Z", true),
        ("one later", "2242-03-16T12:56:32Z", false),
        ("no seconds", "2026-11-23T21:00Z", false),
        ("a fraction", "2026-11-23T21:00:07.000Z", false),
        ("another zone", "2026-11-23T22:00:07+01:00", false),
        ("lower case", "2026-11-23t21:00:07z", false),
        ("before all", "1969-12-31T23:59:59Z", false),
    ];
    for (name, created, fits) in cases {
        let text = manifest().to_text().replace("2026-11-23T21:00:07Z", created);
        assert_eq!(Manifest::parse(&text).is_ok(), fits, "{name}");
    }
}

#[test]
fn a_member_has_one_path_and_limits_that_follow_from_the_range() {
    for member in Member::ALL {
        assert_eq!(Member::of_path(member.path()), Some(member));
    }
    assert_eq!(Member::of_path("manifest"), None);
    let limits = |count| {
        let range = Range::new(0, count).ok();
        (Member::Entries.len_min(range), Member::Entries.len_max(range))
    };
    assert_eq!(limits(1), (64, 65_536));
    assert_eq!(limits(131_071), (8_388_544, 131_071 * 65_536));
    assert_eq!(limits(131_072), (8_388_608, Member::LEN_MAX), "no header says more");
    assert!(limits(1_000_000_000).0 > limits(1_000_000_000).1, "nothing holds so many");
}

proptest! {
    #[test]
    fn what_is_read_is_what_would_be_written(at in any::<prop::sample::Index>(), with in any::<char>(), cut in any::<bool>()) {
        let mut chars: Vec<char> = manifest().to_text().chars().collect();
        let at = at.index(chars.len());
        if cut { chars.remove(at); } else { chars[at] = with; }
        let text: String = chars.into_iter().collect();
        if let Ok(read) = Manifest::parse(&text) {
            prop_assert_eq!(read.to_text(), text);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Manifest::in_note(&bytes).is_err());
    }
}
