use super::*;

fn blocks(from: &mut impl Read) -> (Vec<Text>, Option<io::Error>) {
    let mut blocks = Blocks { from, rest: Vec::new(), spare: Vec::new(), broken: None };
    let texts = std::iter::from_fn(|| blocks.next()).collect();
    (texts, blocks.broken)
}

#[test]
fn a_leaf_is_a_line_without_its_end() {
    let longest = [vec![b'x'; ENTRY_LEN_MAX], vec![b'\n']].concat();
    let endless = vec![b'x'; 2 * BLOCK_LEN];
    let at_the_edge = [vec![b'x'; BLOCK_LEN - 1], b"\nab\n".to_vec()].concat();
    let beyond_the_edge = [vec![b'x'; BLOCK_LEN - 10], b"\nab\n0123456789\n".to_vec()].concat();
    type Row<'a> = (&'a str, &'a [u8], Option<Vec<usize>>);
    let cases: [Row<'_>; 9] = [
        ("none", b"", Some(vec![])),
        ("two", b"ab\ncde\n", Some(vec![2, 3])),
        ("an empty one", b"\n", Some(vec![0])),
        ("cut off", b"ab\ncd", None),
        ("cut off at once", b"ab", None),
        ("longest", &longest, Some(vec![ENTRY_LEN_MAX])),
        ("without end", &endless, None),
        ("at the edge of a block", &at_the_edge, Some(vec![BLOCK_LEN - 1, 2])),
        ("beyond the edge of a block", &beyond_the_edge, Some(vec![BLOCK_LEN - 10, 2, 10])),
    ];
    for (name, mut bytes, expected) in cases {
        let whole = bytes;
        let (texts, broken) = blocks(&mut bytes);
        let found = texts.iter().flat_map(|text| lines(text).map(<[u8]>::len)).collect();
        assert_eq!(broken.is_none().then_some(found), expected, "{name}");
        let read: Vec<u8> = texts.iter().flat_map(|text| text.iter().copied()).collect();
        assert!(whole.starts_with(&read), "{name}: every byte once and in order");
    }
}

/// Gives what it has, and then fails.
struct Failing<'a>(&'a [u8]);

impl Read for Failing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() { Err(io::Error::other("a broken disk")) } else { self.0.read(buffer) }
    }
}

#[test]
fn the_first_thing_that_is_wrong_is_said_wherever_it_stands() {
    let wrong = |from: &mut dyn Read, first: u64| {
        let mut from = from;
        match each_leaf(&mut from, first, None, |_| Ok(())) {
            Ok(()) => None,
            Err(TakeError::Log(VerifyError::Entry(EntryError::Malformed { seq, .. }))) => {
                Some(format!("{seq}"))
            }
            Err(TakeError::Log(error)) => Some(error.to_string()),
            Err(TakeError::Input(error)) => Some(error.kind().to_string()),
        }
    };
    let good = "{\"actor\":[],\"boot\":{\"reset_count\":0,\"restart_count\":0},\"clock\":\"agrees\",\"epoch\":0,\
                \"evaluation\":true,\"mono\":0,\"seq\":0,\"ts\":0,\"type\":\"stopped\",\"v\":1}\n";
    let many = good.repeat(10_000);
    let too_long = format!("{good}\"{}\"\n", "x".repeat(ENTRY_LEN_MAX));
    type Row<'a> = (&'a str, String, u64, Option<&'a str>);
    let cases: [Row<'_>; 8] = [
        ("nothing", String::new(), 0, None),
        ("many", many.clone(), 0, None),
        ("no entry", "{}\n".to_owned(), 0, Some("0")),
        ("no entry, in a range", "{}\n".to_owned(), 7, Some("7")),
        ("no entry, and a line without end", "{}\ncut off".to_owned(), 0, Some("0")),
        ("a line without end", "cut off".to_owned(), 0, Some("invalid data")),
        ("the last of many", format!("{many}{{}}\n"), 5, Some("10005")),
        ("too long", too_long, 0, Some("the entry has 65537 bytes, allowed are 65535")),
    ];
    for (name, text, first, expected) in cases {
        assert_eq!(wrong(&mut text.as_bytes(), first).as_deref(), expected, "{name}");
    }
    assert_eq!(wrong(&mut Failing(many.as_bytes()), 0).as_deref(), Some("other error"), "a broken disk");
    let before = format!("{many}{{}}\n");
    assert_eq!(wrong(&mut Failing(before.as_bytes()), 0).as_deref(), Some("10000"), "what came before");
}

#[test]
fn leaves_come_in_order_and_the_digest_is_of_every_byte() {
    let line = |seq: u64| {
        format!(
            "{{\"actor\":[],\"boot\":{{\"reset_count\":0,\"restart_count\":0}},\"clock\":\"agrees\",\"epoch\":0,\
             \"evaluation\":true,\"mono\":0,\"seq\":{seq},\"ts\":0,\"type\":\"stopped\",\"v\":1}}\n"
        )
    };
    let text: String = (0..30_000).map(line).collect();
    assert!(text.len() > 8 * BLOCK_LEN, "more blocks than are ever ahead");
    let (mut digest, mut next) = (Sha256::new(), 0);
    each_leaf(&mut text.as_bytes(), 0, Some(&mut digest), |leaf| {
        assert_eq!(leaf.entry().seq, next);
        next += 1;
        Ok::<(), TakeError>(())
    })
    .expect("taken");
    assert_eq!(next, 30_000);
    assert_eq!(digest.finalize(), Sha256::digest(&text));
}

#[test]
fn what_takes_may_refuse_and_nothing_more_is_taken() {
    let text =
        "{\"actor\":[],\"boot\":{\"reset_count\":0,\"restart_count\":0},\"clock\":\"agrees\",\"epoch\":0,\
                \"evaluation\":true,\"mono\":0,\"seq\":0,\"ts\":0,\"type\":\"stopped\",\"v\":1}\n"
            .repeat(20_000);
    let refusal = take_all(&mut text.as_bytes(), &mut Verifier::default(), None);
    assert!(matches!(refusal, Err(TakeError::Log(VerifyError::Log { seq: 0, .. }))), "{refusal:?}");
}
