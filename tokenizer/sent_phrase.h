// A look for a phrase in texts as they were sent, without folding them. Any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tokenizer/pattern.h"
#include "tokenizer/substring.h"

namespace kseek::tokenizer {

/// Finds the places of one of the phrase's words, and looks at what stands around it. A filter: it rules out a place
/// only if the phrase does not stand there once the text is folded. Of texts that may hide words (hidden_words.h) it
/// says nothing. Immutable.
class SentPhrase {
 public:
  /// Nothing where no word of the phrase is ASCII without wildcards, or an ideograph.
  [[nodiscard]] static std::optional<SentPhrase> of(const Phrase& phrase);

  /// The word that is looked for first, in any case: the longest one, of ideographs one that is not among the
  /// commonest.
  [[nodiscard]] const SubstringFinder& anchor() const { return anchor_; }
  /// All words of the phrase are looked at: wherever it may stand, each of them does.
  [[nodiscard]] bool is_whole() const { return whole_; }
  /// Where a text is not all there: it goes on.
  struct Cut {
    bool before = false, after = false;
  };
  /// False: the anchor at `at` is not that of an occurrence of the phrase. REQUIRES: the anchor stands there; `text` is
  /// a key or value, or what is there of it.
  [[nodiscard]] bool may_stand_at(std::string_view text, size_t at, Cut cut) const;

 private:
  SentPhrase() = default;

  SubstringFinder anchor_;
  // In lower case, from the anchor on: up to one that can't be looked at.
  std::vector<std::string> before_, after_;
  bool whole_ = false;
};

}  // namespace kseek::tokenizer
