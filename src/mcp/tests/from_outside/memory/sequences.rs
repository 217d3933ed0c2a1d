//! Random sequences of calls to Serena's six tools, each made from a seed alone: names and their odd spellings, texts, edits
//! both literal and by expression, renames, deletions, lists, and arguments that are wrong.

use serde_json::{Value, json};

/// One call.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) tool: &'static str,
    pub(super) arguments: Value,
}

/// Most calls in one sequence. Serena takes a tenth of a second for each.
const CALLS_MAX: u64 = 9;

/// Few names, so that calls meet.
const NAMES: [&str; 8] = ["a", "b", "note", "design/auth", "design/deep/er", "α-β", "two words", "a.b"];

/// Spellings of one name, and names that are none. No folder is called `a.md`: Serena would take it for the memory `a`.
const ODD: [&str; 38] = [
    "a.md",
    "a.md.md",
    "mem:a",
    "mem:a.md",
    "mem:mem:a",
    "A",
    " a",
    "a ",
    "a/",
    "/a",
    "a//b",
    "",
    ".",
    "..",
    "../a",
    "a/../b",
    "a/..",
    "mem:",
    ".md",
    "design",
    "design/",
    ".hidden",
    "-a",
    "a\\b",
    "a\nb",
    "a\tb",
    "\"a\"",
    "`a`",
    "a\0b",
    "global",
    "global/",
    "global/x",
    "global/deep/x",
    "frozen/a",
    "_archive/a",
    "a.mdx/b",
    "e\u{301}t\u{e9}",
    "mem:design/auth",
];

const TEXTS: [&str; 14] = [
    "",
    "alpha",
    "alpha beta\ngamma alpha\n",
    "one\r\ntwo\r\nthree",
    "one\rtwo",
    "# Title\n\nsee mem:a and mem:design/auth, mem:note.\n",
    "mem:a mem:ab mem:a/b mem:a-b `mem:a` [mem:b](mem:b)",
    "aaaa",
    "begin\n  x\nend\nbegin\n  y\nend\n",
    "λ ünï 日本 🙂\n",
    "\u{feff}mark",
    "(paren) [square] $1 \\1 $!1 *star*",
    "line\u{2028}separator \u{85} next",
    "tab\there  \n\n\n",
];

const NEEDLES: [&str; 34] = [
    "alpha",
    "a",
    "aa",
    "",
    "two",
    "\n",
    "\r\n",
    "mem:a",
    "(paren)",
    "$1",
    "日本",
    "zzz",
    ".",
    ".*",
    ".+?",
    "^\\w+",
    "\\w+$",
    "x*",
    "(\\w+) (\\w+)",
    "(?P<first>a)l",
    "(a)|(b)",
    "(?i)ALPHA",
    "(?<=a)l",
    "a(?!l)",
    "\\d{2,}",
    "begin.*?end",
    "begin.*end",
    "\\Aalpha",
    "\\Z",
    "(",
    "[a",
    "*a",
    "a{2",
    "\\",
];

const WORSE: [&str; 10] = ["a**", "(?P<x>a", "(?P<1>a)", "\\q", "[z-a]", "(?<=a+)b", "\\2", "(a)\\1", "a++", "(?#c)a"];

const REPLACEMENTS: [&str; 12] =
    ["", "omega", "alpha alpha", "$!1", "$!2 $!1", "$!0", "$!9", "\\1", "\\n", "$1", "x\ny", "mem:b"];

/// Numbers from a seed (splitmix64, by Sebastiano Vigna).
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    fn of(&mut self, words: &[&'static str]) -> &'static str {
        words[usize::try_from(self.roll(words.len() as u64)).unwrap()]
    }

    fn name(&mut self) -> &'static str {
        if self.roll(4) == 0 { self.of(&ODD) } else { self.of(&NAMES) }
    }
}

/// The calls of a seed.
pub(super) fn sequence(seed: u64) -> Vec<Call> {
    let mut dice = Dice(seed);
    // What comes after meets something.
    let mut calls = vec![write(&mut dice), write(&mut dice)];
    let more = 2 + dice.roll(CALLS_MAX - 3);
    for _ in 0..more {
        let mut call = match dice.roll(20) {
            0..=4 => write(&mut dice),
            5..=8 => read(&mut dice),
            9..=13 => edit(&mut dice),
            14..=15 => rename(&mut dice),
            16..=17 => Call { tool: "delete_memory", arguments: json!({ "memory_name": dice.name() }) },
            _ => list(&mut dice),
        };
        if dice.roll(25) == 0 {
            spoil(&mut dice, &mut call.arguments);
        }
        calls.push(call);
    }
    calls
}

fn write(dice: &mut Dice) -> Call {
    let mut arguments = json!({ "memory_name": dice.name(), "content": dice.of(&TEXTS) });
    if dice.roll(12) == 0 {
        arguments["max_chars"] = json!([-1, 0, 4, 5, 100][usize::try_from(dice.roll(5)).unwrap()]);
    }
    Call { tool: "write_memory", arguments }
}

fn read(dice: &mut Dice) -> Call {
    Call { tool: "read_memory", arguments: json!({ "memory_name": dice.name() }) }
}

fn edit(dice: &mut Dice) -> Call {
    let regex = dice.roll(3) > 0;
    let needle = if regex && dice.roll(6) == 0 { dice.of(&WORSE) } else { dice.of(&NEEDLES) };
    let mut arguments = json!({
        "memory_name": dice.name(), "needle": needle, "repl": dice.of(&REPLACEMENTS),
        "mode": if regex { "regex" } else { "literal" },
    });
    if dice.roll(2) == 0 {
        arguments["allow_multiple_occurrences"] = json!(true);
    }
    Call { tool: "edit_memory", arguments }
}

fn rename(dice: &mut Dice) -> Call {
    Call { tool: "rename_memory", arguments: json!({ "old_name": dice.name(), "new_name": dice.name() }) }
}

fn list(dice: &mut Dice) -> Call {
    let topics = [
        "",
        "design",
        "design/",
        "design/deep",
        "a",
        "frozen",
        "_archive",
        "global",
        "none",
        "de",
        "..",
        "./design",
        "/",
        "a/b",
    ];
    let arguments = if dice.roll(2) == 0 { json!({}) } else { json!({ "topic": dice.of(&topics) }) };
    Call { tool: "list_memories", arguments }
}

/// Takes an argument away, gives one of another type, or one too many.
fn spoil(dice: &mut Dice, arguments: &mut Value) {
    let fields = arguments.as_object_mut().unwrap();
    let names: Vec<String> = fields.keys().cloned().collect();
    if names.is_empty() || dice.roll(4) == 0 {
        fields.insert("unheard_of".to_owned(), json!(1));
        return;
    }
    let name = &names[usize::try_from(dice.roll(names.len() as u64)).unwrap()];
    if dice.roll(2) == 0 {
        fields.shift_remove(name);
    } else {
        let wrong = [json!(5), json!(null), json!(["a"]), json!(true), json!({ "k": "v" }), json!(1.5)];
        fields[name] = wrong[usize::try_from(dice.roll(6)).unwrap()].clone();
    }
}

#[test]
fn a_seed_gives_the_same_calls_and_another_seed_others() {
    let shown = |seed| format!("{:?}", sequence(seed));
    assert_eq!(shown(7), shown(7));
    assert_ne!(shown(7), shown(8));
    assert!((0..500).all(|seed| (4..=CALLS_MAX as usize + 1).contains(&sequence(seed).len())));
}
