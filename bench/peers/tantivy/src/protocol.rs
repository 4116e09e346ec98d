//! How a peer is called and timed: as bench/peers/peer.h says.
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const MIN_SAMPLES: usize = 5;
const COLD_QUESTIONS: usize = 10;
const QUICK_KINDS: [&str; 5] = ["rare word", "UUID", "key", "frequent word", "nothing"];

pub type Hit = (i64, i64); // partition, offset

#[derive(Clone, Copy)]
pub enum Form {
    Word,
    Phrase,
    And,
    Prefix,
    Infix,
    Key,
}

#[derive(Clone)]
pub struct Question {
    pub id: String,
    pub kind: String,
    pub form: Form,
    pub text: String,
    pub times: Option<(i64, i64)>,
}

pub trait Peer: Sync {
    /// All of `data` is on disk and searchable when it returns. `searched`: search() runs meanwhile, in another thread.
    fn index(&self, data: &Path, dir: &Path, threads: usize, searched: bool);
    fn open(&self, dir: &Path);
    fn close(&self);
    /// The newest ten, fetched.
    fn search(&self, question: &Question) -> Vec<Hit>;
}

pub fn fail(message: &str) -> ! {
    eprintln!("{message}");
    std::process::exit(1);
}

struct Settings {
    plain: Vec<String>,
    values: HashMap<String, f64>,
    cold: bool,
}

impl Settings {
    fn parse() -> Settings {
        let mut settings = Settings { plain: vec![], values: HashMap::new(), cold: false };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            if argument == "--cold" {
                settings.cold = true;
            } else if argument.starts_with("--") {
                let value = arguments.next().and_then(|text| text.parse().ok());
                settings
                    .values
                    .insert(argument.clone(), value.unwrap_or_else(|| fail(&format!("{argument} needs a number"))));
            } else {
                settings.plain.push(argument);
            }
        }
        settings
    }

    fn value(&self, name: &str, default: f64) -> f64 {
        self.values.get(name).copied().unwrap_or(default)
    }

    fn path(&self, place: usize) -> PathBuf {
        PathBuf::from(self.plain.get(place).unwrap_or_else(|| fail("an argument is missing")))
    }
}

fn parse_question(line: &str) -> Question {
    let parts: Vec<&str> = line.split('\t').collect();
    let [id, kind, form, text, from, to] = parts[..] else { fail(&format!("not a question: {line}")) };
    let form = match form {
        "word" => Form::Word,
        "phrase" => Form::Phrase,
        "and" => Form::And,
        "prefix" => Form::Prefix,
        "infix" => Form::Infix,
        "key" => Form::Key,
        other => fail(&format!("an unknown form of question: {other}")),
    };
    let times = from.parse().ok().zip(to.parse().ok());
    Question { id: id.to_string(), kind: kind.to_string(), form, text: text.to_string(), times }
}

fn read_questions(path: &Path) -> Vec<Question> {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| fail(&error.to_string()));
    text.lines().map(parse_question).collect()
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

fn print_answer(id: &str, kind: &str, hits: &[Hit], times: &[f64]) {
    let hits: Vec<String> = hits.iter().map(|(partition, offset)| format!("[{partition},{offset}]")).collect();
    let times: Vec<String> = times.iter().map(|ms| format!("{ms:.4}")).collect();
    println!("{{\"id\":\"{id}\",\"kind\":\"{kind}\",\"hits\":[{}],\"ms\":[{}]}}", hits.join(","), times.join(","));
}

fn ask_warm(peer: &dyn Peer, questions: &[Question], seconds: f64, rounds: usize) {
    let begin = Instant::now();
    let mut answers: Vec<(Vec<Hit>, Vec<f64>)> = vec![];
    for question in questions {
        if begin.elapsed().as_secs_f64() > seconds * 0.3 {
            break;
        }
        answers.push((peer.search(question), vec![]));
    }
    let mut samples = 0;
    'rounds: for _ in 0..rounds {
        for (question, (hits, times)) in questions.iter().zip(answers.iter_mut()) {
            if samples >= MIN_SAMPLES && begin.elapsed().as_secs_f64() > seconds {
                break 'rounds;
            }
            let start = Instant::now();
            let again = peer.search(question);
            times.push(ms(start.elapsed()));
            samples += 1;
            if again != *hits {
                fail(&format!("two answers to {}", question.id));
            }
        }
    }
    for (question, (hits, times)) in questions.iter().zip(&answers) {
        print_answer(&question.id, &question.kind, hits, times);
    }
}

fn drop_page_cache(dir: &Path) {
    let helper = std::env::var("KSEEK_BENCH_DROP").unwrap_or_else(|_| fail("KSEEK_BENCH_DROP is not set"));
    let done = Command::new(helper).arg("drop").arg(dir).status();
    if !done.is_ok_and(|status| status.success()) {
        fail("the page cache can't be dropped");
    }
}

fn ask_cold(peer: &dyn Peer, dir: &Path, questions: &[Question], seconds: f64) {
    let begin = Instant::now();
    for (i, question) in questions.iter().take(COLD_QUESTIONS).enumerate() {
        if i > 0 && begin.elapsed().as_secs_f64() > seconds {
            break;
        }
        peer.close();
        drop_page_cache(dir);
        peer.open(dir);
        let start = Instant::now();
        let hits = peer.search(question);
        print_answer(&question.id, &question.kind, &hits, &[ms(start.elapsed())]);
    }
}

fn search(peer: &dyn Peer, settings: &Settings) {
    let dir = settings.path(1);
    let questions = read_questions(&settings.path(2));
    let seconds = settings.value("--seconds", 10.0);
    peer.open(&dir);
    for kind in questions.chunk_by(|a, b| a.kind == b.kind) {
        if settings.cold {
            ask_cold(peer, &dir, kind, seconds);
        } else {
            ask_warm(peer, kind, seconds, settings.value("--rounds", 3.0) as usize);
        }
    }
    peer.close();
}

fn quick_questions(path: &Path) -> Vec<Question> {
    let all = read_questions(path);
    let kinds: Vec<Vec<&Question>> =
        QUICK_KINDS.iter().map(|kind| all.iter().filter(|question| question.kind == *kind).collect()).collect();
    let longest = kinds.iter().map(Vec::len).max().unwrap_or(0);
    (0..longest)
        .flat_map(|i| kinds.iter().filter_map(move |kind| kind.get(i).map(|question| (*question).clone())))
        .collect()
}

fn mixed(peer: &dyn Peer, settings: &Settings) {
    let questions = quick_questions(&settings.path(3));
    let interval = Duration::from_secs_f64(1.0 / settings.value("--rate", 100.0));
    let stop = AtomicBool::new(false);
    let times = std::thread::scope(|scope| {
        let searcher = scope.spawn(|| {
            let mut times = vec![];
            let mut due = Instant::now();
            for question in questions.iter().cycle() {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                peer.search(question);
                times.push(ms(due.elapsed()));
                due += interval;
            }
            times
        });
        peer.index(&settings.path(1), &settings.path(2), settings.value("--threads", 1.0) as usize, true);
        stop.store(true, Ordering::Relaxed);
        searcher.join().unwrap()
    });
    print_answer("mixed", "mixed", &[], &times);
}

pub fn run(peer: &dyn Peer) {
    let settings = Settings::parse();
    let make_dir = || std::fs::create_dir_all(settings.path(2)).unwrap_or_else(|error| fail(&error.to_string()));
    match settings.plain.first().map_or("", String::as_str) {
        "index" => {
            make_dir();
            peer.index(&settings.path(1), &settings.path(2), settings.value("--threads", 1.0) as usize, false);
        }
        "search" => search(peer, &settings),
        "mixed" => {
            make_dir();
            mixed(peer, &settings);
        }
        _ => fail("bench/peers/peer.h says how a peer is called"),
    }
}
