// sim/observed_journal.h - a journal that tells the checkers what it was told.
#pragma once

#include "klamm/base/crc32c.h"
#include "klamm/journal/journal.h"
#include "klamm/sim/services.h"

namespace klamm::sim {

inline std::uint32_t digest_of(ByteView head, ByteView body) { return crc32c(body, crc32c(head)); }

class ObservedJournal final : public journal::Journal {
public:
    explicit ObservedJournal(Services& services) : services_(services) {}
    /// Before that it must not be used. A broker needs its journal while it is being opened.
    void opened(journal::Journal& inner) { inner_ = &inner; }

    [[nodiscard]] std::expected<journal::Position, journal::Error> append(
        journal::Entry entry) override {
        auto const digest = digest_of(entry.head, entry.body.view());
        auto position = inner_->append(std::move(entry));
        if (!position) return position;
        ++services_.entries;
        services_.checkers.tell(&Checker::appended, *position, digest);
        return position;
    }
    [[nodiscard]] std::expected<journal::Position, journal::Error> commit() override {
        auto position = inner_->commit();
        if (position) services_.checkers.tell(&Checker::made_durable, *position);
        return position;
    }
    [[nodiscard]] std::expected<Slice, journal::Error> read(journal::Position position,
                                                            std::uint32_t bytes) override {
        return inner_->read(position, bytes);
    }
    std::optional<Slice> cached(journal::Position position) override {
        return inner_->cached(position);
    }
    void trim(journal::Position first) override { inner_->trim(first); }
    [[nodiscard]] std::expected<void, journal::Error> save(
        journal::Checkpoint const& checkpoint) override {
        services_.checkers.tell(&Checker::checkpoint_tried, checkpoint.covers);
        auto saved = inner_->save(checkpoint);
        if (saved) services_.checkers.tell(&Checker::checkpoint_saved, checkpoint.covers);
        return saved;
    }
    journal::Position first() const override { return inner_->first(); }
    journal::Position durable() const override { return inner_->durable(); }
    journal::Position next() const override { return inner_->next(); }
    std::string describe_last_damage() const override { return inner_->describe_last_damage(); }

private:
    journal::Journal* inner_ = nullptr;
    Services& services_;
};

}  // namespace klamm::sim
