// journal/memory_journal.h - a journal that survives nothing: the model of all others, for tests
// and for `--memory`.
//
// "Durable" means here what commit() says and nothing more. Space is a budget of bytes; trim()
// gives it back at once.
#pragma once

#include "klamm/journal/body_queue.h"
#include "klamm/journal/journal.h"

#include <deque>
#include <mutex>

namespace klamm::journal {

class MemoryJournal final : public Journal {
public:
    explicit MemoryJournal(std::size_t bytes_max = 256 * 1024 * 1024) : bytes_max_(bytes_max) {}

    [[nodiscard]] std::expected<Position, Error> append(Entry entry) override;
    [[nodiscard]] std::expected<Position, Error> commit() override;
    [[nodiscard]] std::expected<Slice, Error> read(Position position,
                                                   std::uint32_t bytes_hint) override;
    std::optional<Slice> cached(Position position) override;
    void trim(Position first) override;
    [[nodiscard]] std::expected<void, Error> save(Checkpoint const& checkpoint) override;
    Position first() const override;
    Position durable() const override;
    Position next() const override;

    /// Lets every later append fail with `full` while it is set, as a full disk would.
    void set_full(bool full);

private:
    std::size_t const bytes_max_;
    mutable std::mutex mutex_;
    BodyQueue bodies_;
    std::deque<std::size_t> ends_;  ///< behind each of bodies_, as a position
    Position first_{first_position};
    Position durable_{first_position};
    Position next_{first_position};
    bool full_ = false;

    static constexpr std::uint64_t first_position = 64;
};

}  // namespace klamm::journal
