// Xapian in the plain way, in the peers' protocol (bench/peers/peer.h): a document a message, as its documentation
// "Getting Started with Xapian" and "Admin notes" say:
//
//   * TermGenerator with positions, FLAG_CJK_NGRAM for Chinese; the key as a term with prefix K, the time in a value
//   slot
//   * XAPIAN_FLUSH_THRESHOLD raised from 10,000 to 100,000 documents ("Admin notes": for bulk loads)
//   * document numbers rise with time; asked with BoolWeight and docid order DESCENDING ("Sorting results"): newest
//   first
//     without sorting, though Xapian stops early in ascending order only
//   * a wildcard inside a word, which 1.4 doesn't have, by going through all terms; a prefix by OP_WILDCARD
//
// One writer: the number of threads changes nothing.
#include <fmt/format.h>
#include <xapian.h>

#include <cctype>
#include <cstdlib>
#include <memory>

#include "bench/measure.h"
#include "bench/peers/peer.h"
#include "bench/peers/time_order.h"

namespace kseek::bench {
namespace {

namespace fs = std::filesystem;
using Form = Question::Form;
constexpr Xapian::valueno kTimeSlot = 0;

/// ASCII words in lower case, Chinese characters each for itself.
std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  bool in_word = false;
  for (Xapian::Utf8Iterator at(text); at != Xapian::Utf8Iterator(); ++at) {
    const bool wide = *at >= 0x2E80;
    if (!wide && !Xapian::Unicode::is_wordchar(*at)) {
      in_word = false;
      continue;
    }
    if (wide || !in_word) words.emplace_back();
    Xapian::Unicode::append_utf8(words.back(), Xapian::Unicode::tolower(*at));
    in_word = !wide;
  }
  return words;
}

class XapianPeer final : public Peer {
 public:
  void index(const fs::path& data, const fs::path& dir, unsigned /*threads*/) override {
    setenv("XAPIAN_FLUSH_THRESHOLD", "100000", 1);
    Xapian::WritableDatabase db(dir.string(), Xapian::DB_CREATE_OR_OVERWRITE);
    Xapian::TermGenerator generator;
    generator.set_flags(Xapian::TermGenerator::FLAG_CJK_NGRAM);
    generator.set_stemming_strategy(Xapian::TermGenerator::STEM_NONE);
    TimeOrderedReader reader(data);
    while (const auto message = reader.next()) {
      Xapian::Document document;
      generator.set_document(document);
      if (message->value) generator.index_text(*message->value);
      if (message->key) document.add_boolean_term("K" + *message->key);
      document.add_value(kTimeSlot, Xapian::sortable_serialise(static_cast<double>(message->time_ms)));
      document.set_data(fmt::format("{} {} {}\n{}", message->partition, message->offset, message->key.value_or(""),
                                    message->value.value_or("")));
      db.add_document(document);
    }
    db.commit();
    db.close();
  }

  void open(const fs::path& dir) override { db_ = std::make_unique<Xapian::Database>(dir.string()); }
  void close() override { db_.reset(); }
  [[nodiscard]] std::optional<std::string> cannot(const Question& /*question*/) const override { return std::nullopt; }

  [[nodiscard]] std::vector<Position> search(const Question& question) override {
    Xapian::Enquire enquire(*db_);
    enquire.set_query(make_query(question));
    enquire.set_weighting_scheme(Xapian::BoolWeight());
    enquire.set_docid_order(Xapian::Enquire::DESCENDING);
    const Xapian::MSet found = enquire.get_mset(0, kNewest);
    std::vector<Position> hits;
    for (auto hit = found.begin(); hit != found.end(); ++hit) {
      const std::string data = hit.get_document().get_data();
      char* at = nullptr;
      const auto partition = static_cast<int32_t>(std::strtol(data.c_str(), &at, 10));
      hits.push_back({PartitionId{partition}, Offset{std::strtoll(at, nullptr, 10)}});
    }
    return hits;
  }

 private:
  [[nodiscard]] Xapian::Query make_query(const Question& question) const {
    const std::vector<std::string> words = words_of(question.text);
    switch (question.form) {
      case Form::kKey: {
        Xapian::Query key("K" + question.text);
        if (!question.times) return key;
        const auto bound = [](int64_t ms) { return Xapian::sortable_serialise(static_cast<double>(ms)); };
        return {Xapian::Query::OP_FILTER, key,
                Xapian::Query(Xapian::Query::OP_VALUE_RANGE, kTimeSlot, bound(question.times->first),
                              bound(question.times->second))};
      }
      case Form::kAnd: return {Xapian::Query::OP_AND, words.begin(), words.end()};
      case Form::kPrefix: return {Xapian::Query::OP_WILDCARD, question.text};
      case Form::kInfix: {
        std::vector<std::string> terms;
        for (auto term = db_->allterms_begin(); term != db_->allterms_end(); ++term) {
          if ((*term).find(question.text) != std::string::npos) terms.push_back(*term);
        }
        return {Xapian::Query::OP_OR, terms.begin(), terms.end()};
      }
      default: break;
    }
    if (words.size() == 1) return Xapian::Query(words.front());
    return {Xapian::Query::OP_PHRASE, words.begin(), words.end()};
  }

  std::unique_ptr<Xapian::Database> db_;
};

}  // namespace
}  // namespace kseek::bench

int main(int argc, char** argv) {
  try {
    kseek::bench::XapianPeer peer;
    return kseek::bench::run_peer(peer, argc, argv);
  } catch (const Xapian::Error& error) {
    kseek::bench::fail(error.get_description());
  }
}
