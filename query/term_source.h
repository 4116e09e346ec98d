// What the index knows of some blocks: a segment's, or one block's that is not in a segment yet.
//
// One thread at a time, but for what says otherwise. Errors, where nothing else is said: SegmentReader's.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "query/request.h"
#include "query/slice_set.h"
#include "store/segment.h"
#include "store/terms.h"

namespace kseek::query {

class TermSource {
 public:
  virtual ~TermSource() = default;
  [[nodiscard]] virtual size_t blocks() const = 0;
  [[nodiscard]] virtual Result<uint32_t> block_count(std::string_view field_term) = 0;
  /// Adds the slices that have the term.
  [[nodiscard]] virtual Result<void> add_postings(std::string_view field_term, SliceSet& blocks) = 0;
  /// How many terms the field has, all blocks together.
  [[nodiscard]] virtual uint64_t terms(store::Field field) const = 0;
  /// As SegmentReader::scan_terms.
  [[nodiscard]] virtual Result<bool> scan_terms(const store::TermScan& scan,
                                                const std::function<bool(std::string_view)>& visit) = 0;
  /// As SegmentReader::landmarks.
  [[nodiscard]] virtual Result<std::vector<std::string>> landmarks() = 0;
  /// One of the same terms for another thread; its fields are not set. Any thread.
  [[nodiscard]] virtual Result<std::unique_ptr<TermSource>> another() const = 0;

  /// What a question about a pair costs, in seconds; nullopt: nothing is known of pairs.
  [[nodiscard]] virtual Result<std::optional<double>> pair_seconds() = 0;
  /// What is left of `among` without the blocks that don't have the pair.
  [[nodiscard]] virtual Result<SliceSet> having_pair(store::PairHash pair, const SliceSet& among) = 0;

  double raw_bytes_per_block = 0;  ///< what opening one costs is reckoned from it

  /// Position and metadata of the blocks, for conditions on partitions, offsets and times; borrowed.
  std::span<const std::pair<uint32_t, const store::BlockMeta*>> metadata;
  TimeKind time_kind = TimeKind::kCreate;  ///< of the topic
};

class SegmentTerms final : public TermSource {
 public:
  /// `segment` must outlive it. Errors: Segment::borrow()'s.
  [[nodiscard]] static Result<std::unique_ptr<SegmentTerms>> open(const store::Segment& segment);
  [[nodiscard]] size_t blocks() const override { return segment_.meta().blocks.size(); }
  [[nodiscard]] Result<uint32_t> block_count(std::string_view field_term) override;
  [[nodiscard]] Result<void> add_postings(std::string_view field_term, SliceSet& blocks) override;
  [[nodiscard]] uint64_t terms(store::Field field) const override;
  [[nodiscard]] Result<bool> scan_terms(const store::TermScan& scan,
                                        const std::function<bool(std::string_view)>& visit) override;
  [[nodiscard]] Result<std::vector<std::string>> landmarks() override;
  [[nodiscard]] Result<std::unique_ptr<TermSource>> another() const override;
  [[nodiscard]] Result<std::optional<double>> pair_seconds() override;
  [[nodiscard]] Result<SliceSet> having_pair(store::PairHash pair, const SliceSet& among) override;

 private:
  SegmentTerms(const store::Segment& segment, store::Segment::Lease lease)
      : segment_(segment), lease_(std::move(lease)) {}

  const store::Segment& segment_;
  store::Segment::Lease lease_;
  std::vector<store::Posting> postings_;
  std::vector<uint32_t> positions_;
};

/// Borrows the terms. One block, at position 0.
class PendingTerms final : public TermSource {
 public:
  explicit PendingTerms(const store::BlockTerms& terms) : terms_(terms) {}
  [[nodiscard]] size_t blocks() const override { return 1; }
  [[nodiscard]] Result<uint32_t> block_count(std::string_view field_term) override;
  [[nodiscard]] Result<void> add_postings(std::string_view field_term, SliceSet& blocks) override;
  [[nodiscard]] uint64_t terms(store::Field field) const override;
  [[nodiscard]] Result<bool> scan_terms(const store::TermScan& scan,
                                        const std::function<bool(std::string_view)>& visit) override;
  [[nodiscard]] Result<std::vector<std::string>> landmarks() override;
  [[nodiscard]] Result<std::unique_ptr<TermSource>> another() const override;
  [[nodiscard]] Result<std::optional<double>> pair_seconds() override;
  [[nodiscard]] Result<SliceSet> having_pair(store::PairHash pair, const SliceSet& among) override;

 private:
  const store::BlockTerms& terms_;
};

}  // namespace kseek::query
