//! Words as tantivy's SimpleTokenizer and LowerCaser find them, but each Chinese or Japanese character is a word of its
//! own, so that a phrase of them can be found: tantivy's own tokenizers take a run of them for one word.
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

#[derive(Clone, Default)]
pub struct WordTokenizer {
    token: Token,
}

pub struct WordStream<'a> {
    text: &'a str,
    at: usize,
    token: &'a mut Token,
}

fn stands_alone(c: char) -> bool {
    matches!(c as u32, 0x3040..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF)
}

impl Tokenizer for WordTokenizer {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream<'a> {
        self.token.reset();
        WordStream { text, at: 0, token: &mut self.token }
    }
}

impl WordStream<'_> {
    fn take(&mut self, end: usize, begin: usize) {
        self.token.position = self.token.position.wrapping_add(1);
        self.token.offset_from = begin;
        self.token.offset_to = end;
        self.token.text.clear();
        let word = &self.text[begin..end];
        if word.is_ascii() {
            self.token.text.push_str(word);
            self.token.text.make_ascii_lowercase();
        } else {
            self.token.text.extend(word.chars().flat_map(char::to_lowercase));
        }
        self.at = end;
    }
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        let rest = &self.text[self.at..];
        let Some(skipped) = rest.find(char::is_alphanumeric) else { return false };
        let begin = self.at + skipped;
        let word = &self.text[begin..];
        let first = word.chars().next().unwrap();
        let size = if stands_alone(first) {
            first.len_utf8()
        } else {
            word.find(|c: char| !c.is_alphanumeric() || stands_alone(c)).unwrap_or(word.len())
        };
        self.take(begin + size, begin);
        true
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}
