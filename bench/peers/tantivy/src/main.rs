//! Tantivy in the peers' protocol (bench/README.md), as its documentation (docs.rs/tantivy, `IndexWriter`, `IndexSettings`)
//! says: a document a message, positions, stored fields; the index sorted newest first (`IndexSettings::sort_by_field`),
//! so that the first ten documents of each segment are its newest ten and nothing behind them is read; a memory budget of
//! 512 MB, a writer thread a core; no fieldnorms, as nothing is scored; merges by the default policy, waited for.
mod message_file;
mod protocol;
mod words;

use message_file::{Message, MessageFile};
use protocol::{fail, Form, Hit, Peer, Question};
use std::ops::Bound;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tantivy::query::{BooleanQuery, EnableScoring, Occur, PhraseQuery, Query, RangeQuery, RegexQuery, TermQuery};
use tantivy::schema::*;
use tantivy::tokenizer::TextAnalyzer;
use tantivy::{
    DocAddress, DocSet, Index, IndexReader, IndexSettings, IndexSortByField, IndexWriter, Order, ReloadPolicy,
};
use tantivy::{TantivyDocument, TERMINATED};

const MEMORY_BUDGET_BYTES: usize = 512_000_000;
const NEWEST: usize = 10;
const TOKENIZER: &str = "words";
/// While it is searched in between ("mixed"): how often what was indexed becomes visible.
const COMMIT_EVERY: Duration = Duration::from_secs(1);

#[derive(Clone, Copy)]
struct Fields {
    key: Field,
    value: Field,
    time: Field,
    order: Field,
    partition: Field,
    offset: Field,
}

fn make_schema() -> (Schema, Fields) {
    let mut schema = Schema::builder();
    let words = TextFieldIndexing::default()
        .set_tokenizer(TOKENIZER)
        .set_index_option(IndexRecordOption::WithFreqsAndPositions)
        .set_fieldnorms(false);
    let keyword = TextFieldIndexing::default()
        .set_tokenizer("raw")
        .set_index_option(IndexRecordOption::Basic)
        .set_fieldnorms(false);
    let fields = Fields {
        key: schema.add_text_field("key", TextOptions::default().set_indexing_options(keyword).set_stored()),
        value: schema.add_text_field("value", TextOptions::default().set_indexing_options(words).set_stored()),
        time: schema.add_i64_field("time", FAST | STORED),
        order: schema.add_u64_field("order", FAST),
        partition: schema.add_i64_field("partition", STORED),
        offset: schema.add_i64_field("offset", STORED),
    };
    (schema.build(), fields)
}

/// (time, partition, offset) as one number, for this benchmark's times and counts.
fn order_of(message: &Message) -> u64 {
    let since = message.time - 1_700_000_000_000;
    if !(0..1 << 36).contains(&since)
        || !(0..16).contains(&message.partition)
        || !(0..1 << 24).contains(&message.offset)
    {
        fail("a message does not fit into the order field");
    }
    (since as u64) << 28 | (message.partition as u64) << 24 | message.offset as u64
}

fn or_fail<T>(result: tantivy::Result<T>) -> T {
    result.unwrap_or_else(|error| fail(&error.to_string()))
}

/// A reader, and the fields of its index.
struct Searched {
    reader: IndexReader,
    fields: Fields,
}

struct TantivyPeer {
    searched: Mutex<Option<Arc<Searched>>>,
}

fn register_tokenizer(index: &Index) {
    index.tokenizers().register(TOKENIZER, TextAnalyzer::from(words::WordTokenizer::default()));
}

fn words_of(text: &str) -> Vec<String> {
    let mut analyzer = TextAnalyzer::from(words::WordTokenizer::default());
    let mut stream = analyzer.token_stream(text);
    let mut found = Vec::new();
    stream.process(&mut |token| found.push(token.text.clone()));
    found
}

fn make_query(question: &Question, fields: Fields) -> Box<dyn Query> {
    let term = |word: &str| Term::from_field_text(fields.value, word);
    let term_query = |word: &str| -> Box<dyn Query> { Box::new(TermQuery::new(term(word), IndexRecordOption::Basic)) };
    let pattern =
        |pattern: String| -> Box<dyn Query> { Box::new(or_fail(RegexQuery::from_pattern(&pattern, fields.value))) };
    match question.form {
        Form::Word => term_query(&question.text),
        Form::And => {
            let all = question.text.split(' ').map(|word| (Occur::Must, term_query(word))).collect();
            Box::new(BooleanQuery::new(all))
        }
        Form::Phrase => {
            let words = words_of(&question.text);
            match words.as_slice() {
                [word] => term_query(word),
                _ => Box::new(PhraseQuery::new(words.iter().map(|word| term(word)).collect())),
            }
        }
        Form::Prefix => pattern(format!("{}.*", question.text)),
        Form::Infix => pattern(format!(".*{}.*", question.text)),
        Form::Key => {
            let key = Term::from_field_text(fields.key, &question.text);
            let key: Box<dyn Query> = Box::new(TermQuery::new(key, IndexRecordOption::Basic));
            let Some((from, to)) = question.times else { return key };
            let bound = |time| Bound::Included(Term::from_field_i64(fields.time, time));
            let times: Box<dyn Query> = Box::new(RangeQuery::new(bound(from), bound(to)));
            Box::new(BooleanQuery::new(vec![(Occur::Must, key), (Occur::Must, times)]))
        }
    }
}

impl Searched {
    /// The newest ten: the first ten of each segment, which are sorted, then the best of these.
    fn search(&self, question: &Question) -> tantivy::Result<Vec<Hit>> {
        let searcher = self.reader.searcher();
        let weight = make_query(question, self.fields).weight(EnableScoring::disabled_from_searcher(&searcher))?;
        let mut best: Vec<(u64, DocAddress)> = Vec::new();
        for (ordinal, segment) in searcher.segment_readers().iter().enumerate() {
            let order = segment.fast_fields().u64("order")?;
            let mut matches = weight.scorer(segment, 1.0)?;
            let mut doc = matches.doc();
            let mut taken = 0;
            while doc != TERMINATED && taken < NEWEST {
                if segment.alive_bitset().is_none_or(|alive| alive.is_alive(doc)) {
                    best.push((order.first(doc).unwrap_or(0), DocAddress::new(ordinal as u32, doc)));
                    taken += 1;
                }
                doc = matches.advance();
            }
        }
        best.sort_unstable_by(|a, b| b.cmp(a));
        best.truncate(NEWEST);
        best.iter().map(|(_, address)| self.fetch(&searcher, *address)).collect()
    }

    fn fetch(&self, searcher: &tantivy::Searcher, address: DocAddress) -> tantivy::Result<Hit> {
        let document: TantivyDocument = searcher.doc(address)?;
        let number = |field| document.get_first(field).and_then(|value| value.as_i64()).unwrap_or(-1);
        Ok((number(self.fields.partition), number(self.fields.offset)))
    }
}

impl TantivyPeer {
    fn publish(&self, index: &Index, fields: Fields) -> Arc<Searched> {
        let reader = or_fail(index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into());
        let searched = Arc::new(Searched { reader, fields });
        *self.searched.lock().unwrap() = Some(searched.clone());
        searched
    }
}

impl Peer for TantivyPeer {
    fn index(&self, data: &Path, dir: &Path, threads: usize, searched: bool) {
        let (schema, fields) = make_schema();
        let sort = IndexSortByField { field: "order".to_string(), order: Order::Desc };
        let settings = IndexSettings { sort_by_field: Some(sort), ..IndexSettings::default() };
        let index = or_fail(Index::builder().schema(schema).settings(settings).create_in_dir(dir));
        register_tokenizer(&index);
        let mut writer: IndexWriter = or_fail(index.writer_with_num_threads(threads, MEMORY_BUDGET_BYTES));
        let visible = searched.then(|| self.publish(&index, fields));
        let mut committed = Instant::now();
        let mut file = MessageFile::open(data);
        while let Some(message) = file.next() {
            let mut document = TantivyDocument::default();
            if let Some(key) = &message.key {
                document.add_text(fields.key, String::from_utf8_lossy(key));
            }
            if let Some(value) = &message.value {
                document.add_text(fields.value, String::from_utf8_lossy(value));
            }
            document.add_i64(fields.time, message.time);
            document.add_u64(fields.order, order_of(&message));
            document.add_i64(fields.partition, message.partition);
            document.add_i64(fields.offset, message.offset);
            or_fail(writer.add_document(document));
            if let Some(visible) = visible.as_ref().filter(|_| committed.elapsed() > COMMIT_EVERY) {
                or_fail(writer.commit());
                or_fail(visible.reader.reload());
                committed = Instant::now();
            }
        }
        or_fail(writer.commit());
        or_fail(writer.wait_merging_threads());
        *self.searched.lock().unwrap() = None;
    }

    fn open(&self, dir: &Path) {
        let index = or_fail(Index::open_in_dir(dir));
        register_tokenizer(&index);
        self.publish(&index, make_schema().1);
    }

    fn close(&self) {
        *self.searched.lock().unwrap() = None;
    }

    fn search(&self, question: &Question) -> Vec<Hit> {
        let searched = self.searched.lock().unwrap().clone();
        searched.map_or_else(Vec::new, |searched| or_fail(searched.search(question)))
    }
}

fn main() {
    protocol::run(&TantivyPeer { searched: Mutex::new(None) });
}
