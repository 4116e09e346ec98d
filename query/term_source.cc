#include "query/term_source.h"

#include <algorithm>

#include "query/prices.h"

namespace kseek::query {

Result<std::unique_ptr<SegmentTerms>> SegmentTerms::open(const store::Segment& segment) {
  KSEEK_ASSIGN(store::Segment::Lease lease, segment.borrow());
  return std::unique_ptr<SegmentTerms>(new SegmentTerms(segment, std::move(lease)));  // NOLINT: private
}

Result<uint32_t> SegmentTerms::block_count(std::string_view field_term) { return lease_->block_count(field_term); }

Result<void> SegmentTerms::add_postings(std::string_view field_term, SliceSet& blocks) {
  postings_.clear();
  KSEEK_TRY(lease_->postings(field_term, postings_));
  for (const store::Posting& posting : postings_) {
    if (posting.position >= blocks.size()) {
      return Error{ErrorCode::kCorrupt, "an index segment names a block that it does not have", "reindex the topic"};
    }
    blocks.add(posting.position, posting.slices);
  }
  return {};
}

uint64_t SegmentTerms::terms(store::Field field) const {
  constexpr uint64_t kTermsOfLargeBlock = 16'000;  // as JSON events and logs have them
  return lease_->terms(field).value_or(blocks() * kTermsOfLargeBlock);
}

Result<bool> SegmentTerms::scan_terms(const store::TermScan& scan, const std::function<bool(std::string_view)>& visit) {
  return lease_->scan_terms(scan, visit);
}

Result<std::vector<std::string>> SegmentTerms::landmarks() { return lease_->landmarks(); }

Result<std::unique_ptr<TermSource>> SegmentTerms::another() const {
  KSEEK_ASSIGN(std::unique_ptr<TermSource> made, open(segment_));
  return made;
}

Result<std::optional<double>> SegmentTerms::pair_seconds() {
  KSEEK_ASSIGN(const uint32_t rows, lease_->pair_rows());
  return rows == 0 ? std::nullopt : std::optional(rows * kPairRowSeconds);
}

Result<SliceSet> SegmentTerms::having_pair(store::PairHash pair, const SliceSet& among) {
  positions_.clear();
  among.for_each([this](size_t position, auto) { positions_.push_back(static_cast<uint32_t>(position)); });
  KSEEK_TRY(lease_->keep_having(pair, positions_));
  SliceSet having(blocks());
  for (const uint32_t position : positions_) having.add(position, among.slices(position));
  return having;
}

Result<uint32_t> PendingTerms::block_count(std::string_view field_term) {
  return terms_.slices(field_term) != 0 ? 1U : 0U;
}

Result<void> PendingTerms::add_postings(std::string_view field_term, SliceSet& blocks) {
  blocks.add(0, terms_.slices(field_term));
  return {};
}

uint64_t PendingTerms::terms(store::Field /*field*/) const { return terms_.sorted().size(); }

Result<bool> PendingTerms::scan_terms(const store::TermScan& scan, const std::function<bool(std::string_view)>& visit) {
  const auto& sorted = terms_.sorted();
  for (auto it = std::lower_bound(sorted.begin(), sorted.end(), scan.prefix); it != sorted.end(); ++it) {
    if (!it->starts_with(scan.prefix)) break;
    if (!visit(*it)) return false;
  }
  return true;
}

Result<std::vector<std::string>> PendingTerms::landmarks() { return std::vector<std::string>(); }

Result<std::unique_ptr<TermSource>> PendingTerms::another() const {
  return std::unique_ptr<TermSource>(std::make_unique<PendingTerms>(terms_));
}

Result<std::optional<double>> PendingTerms::pair_seconds() { return std::optional(kPairInMemorySeconds); }

Result<SliceSet> PendingTerms::having_pair(store::PairHash pair, const SliceSet& among) {
  return terms_.pairs().may_have(pair) ? among : SliceSet(among.size());
}

}  // namespace kseek::query
