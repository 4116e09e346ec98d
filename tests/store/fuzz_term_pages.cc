// Any bytes as a page of terms: damaged, or terms that rise, each with blocks of the segment; and every way of reading
// a page finds the same terms. The first bytes choose how many blocks there are, and what is looked for.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "store/term_pages.h"
#include "tokenizer/tokenizer.h"

namespace {

using kseek::store::Posting;
using kseek::store::PostingForm;
using kseek::store::TermPageReader;

void require(bool holds) {
  if (!holds) std::abort();
}

struct Terms {
  std::vector<std::string> terms;
  bool damaged = false;
};

Terms read_all(std::string_view page, uint32_t blocks, PostingForm form) {
  Terms all;
  TermPageReader reader(page, blocks, form);
  std::vector<Posting> postings;
  while (reader.next()) {
    require(all.terms.empty() || all.terms.back() < reader.term());
    all.terms.emplace_back(reader.term());
    postings.clear();
    if (!reader.append_postings(postings)) continue;
    require(!postings.empty() && postings.back().position < blocks && reader.count() == postings.size());
    for (size_t i = 0; i < postings.size(); ++i) {
      require(postings[i].slices != 0 && (i == 0 || postings[i - 1].position < postings[i].position));
    }
  }
  all.damaged = reader.damaged();
  return all;
}

void check_literal(std::string_view page, uint32_t blocks, PostingForm form, const Terms& all,
                   std::string_view literal) {
  TermPageReader reader(page, blocks, form);
  for (const std::string& term : all.terms) {
    const bool wanted = term.find(literal) != std::string::npos || term.back() == kseek::tokenizer::kCutMark;
    if (wanted) require(reader.next_containing(literal) && reader.term() == term);
  }
  require(!reader.next_containing(literal) && reader.damaged() == all.damaged);
}

/// Where a page is damaged, seek() may pass over it unread, or see it earlier.
void check_seek(std::string_view page, uint32_t blocks, PostingForm form, const Terms& all, std::string_view wanted) {
  TermPageReader reader(page, blocks, form);
  const bool found = reader.seek(wanted);
  if (all.damaged) return;
  const auto expected = std::lower_bound(all.terms.begin(), all.terms.end(), wanted);
  require(found == (expected != all.terms.end()));
  if (found) require(reader.term() == *expected);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 3) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const uint32_t blocks = 1U + data[0] + 256U * (data[1] / 64U);
  const std::string_view literal = bytes.substr(2, std::min<size_t>(1 + data[1] % 8, size - 2));
  const std::string_view page = bytes.substr(2 + literal.size());
  for (const PostingForm form : {PostingForm::kSlices, PostingForm::kBlocks}) {
    const Terms all = read_all(page, blocks, form);
    check_literal(page, blocks, form, all, literal);
    check_seek(page, blocks, form, all, literal);
  }
  return 0;
}
