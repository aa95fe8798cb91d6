// journal/extents_conformance.h - what every store of extents must do, as one suite of tests.
//
// A test file instantiates it for its implementation:
//
//   INSTANTIATE_TYPED_TEST_SUITE_P(Memory, ExtentsConformance, MemoryExtentsWorld);
//
// where the world is default-constructible and has
//
//   ExtentStore& store();
//   void restart();             // the process dies; without effect where nothing survives
//   void set_room(bool);        // whether there is space
#pragma once

#include "klamm/journal/conformance.h"
#include "klamm/journal/extents.h"

#include <array>

namespace klamm::journal {

template <typename World>
class ExtentsConformance : public testing::Test {
protected:
    ExtentStore& store() { return world_.store(); }

    struct Written {
        BlockPlace place;
        BlockLabel label;
        Bytes body;
    };
    Written write(ExtentWriter& writer, BlockLabel label, std::size_t bytes) {
        Written written{{}, label, test_bytes(bytes, std::uint64_t(label.first) * 31 + bytes)};
        auto const half = bytes / 2;
        std::array const parts{ByteView{written.body}.first(half),
                               ByteView{written.body}.subspan(half)};
        auto const place = writer.write(label, parts);
        EXPECT_TRUE(place.has_value());
        written.place = place.value_or(BlockPlace{});
        return written;
    }
    std::vector<Written> write_file(FileNumber number, std::uint32_t blocks) {
        std::vector<Written> all;
        auto writer = store().create(number);
        EXPECT_TRUE(writer.has_value());
        for (std::uint32_t n = 0; n < blocks; ++n)
            all.push_back(write(**writer, {n / 3, std::int64_t(n) * 10}, 1 + n * 7001 % 90000));
        auto const bytes = (*writer)->finish();
        EXPECT_TRUE(bytes.has_value());
        size_ = bytes.value_or(0);
        return all;
    }
    void expect_readable(std::vector<Written> const& all) {
        for (auto const& each : all) {
            auto const body = store().read(each.place, each.label);
            ASSERT_TRUE(body.has_value()) << store().describe_last_damage();
            EXPECT_EQ(copy_of(body->view()), each.body);
        }
    }

    World world_;
    std::uint64_t size_ = 0;  ///< of the file written last
};

TYPED_TEST_SUITE_P(ExtentsConformance);

TYPED_TEST_P(ExtentsConformance, what_was_written_can_be_read_and_survives) {
    auto const all = this->write_file(FileNumber{7}, 40);
    this->expect_readable(all);
    EXPECT_TRUE(this->store().check(FileNumber{7}, this->size_).has_value());
    this->world_.restart();
    this->expect_readable(all);
    EXPECT_TRUE(this->store().check(FileNumber{7}, this->size_).has_value());
    EXPECT_FALSE(this->store().check(FileNumber{7}, this->size_ + 1).has_value());
    EXPECT_FALSE(this->store().check(FileNumber{8}, this->size_).has_value());
    EXPECT_EQ(this->store().list().value(), std::vector{FileNumber{7}});
}

TYPED_TEST_P(ExtentsConformance, a_block_is_not_read_as_another) {
    auto const all = this->write_file(FileNumber{1}, 3);
    auto place = all[0].place;
    EXPECT_EQ(this->store().read(place, all[1].label), std::unexpected(Error::corrupt));
    ++place.bytes;
    EXPECT_EQ(this->store().read(place, all[0].label), std::unexpected(Error::corrupt));
    place = all[0].place;
    ++place.offset;
    EXPECT_EQ(this->store().read(all[1].place, all[1].label).value().size(), all[1].body.size());
    place.file = FileNumber{2};
    EXPECT_EQ(this->store().read(place, all[0].label), std::unexpected(Error::trimmed));
}

TYPED_TEST_P(ExtentsConformance, a_removed_file_is_gone_and_what_was_read_stays) {
    auto const all = this->write_file(FileNumber{1}, 5);
    auto const other = this->write_file(FileNumber{2}, 5);
    auto const held = this->store().read(all[2].place, all[2].label);
    ASSERT_TRUE(this->store().remove(FileNumber{1}).has_value());
    ASSERT_TRUE(this->store().remove(FileNumber{1}).has_value());  // nothing to do
    EXPECT_EQ(this->store().read(all[2].place, all[2].label), std::unexpected(Error::trimmed));
    EXPECT_EQ(copy_of(held->view()), all[2].body);
    EXPECT_EQ(this->store().list().value(), std::vector{FileNumber{2}});
    this->expect_readable(other);
}

TYPED_TEST_P(ExtentsConformance, an_unfinished_file_is_seen_and_can_be_removed) {
    {
        auto writer = this->store().create(FileNumber{3});
        this->write(**writer, {1, 1}, 100);
        EXPECT_GE((*writer)->bytes(), 100U);
        EXPECT_TRUE((*writer)->flush().has_value());
    }
    EXPECT_EQ(this->store().list().value(), std::vector{FileNumber{3}});
    EXPECT_FALSE(this->store().check(FileNumber{3}, 100).has_value());
    EXPECT_TRUE(this->store().remove(FileNumber{3}).has_value());
    EXPECT_TRUE(this->store().list().value().empty());
    auto const all = this->write_file(FileNumber{3}, 2);  // the number can be used
    this->expect_readable(all);
}

TYPED_TEST_P(ExtentsConformance, no_space_is_said_and_harms_nothing) {
    auto const all = this->write_file(FileNumber{1}, 5);
    this->world_.set_room(false);
    EXPECT_EQ(this->store().room(), 0U);
    {
        auto writer = this->store().create(FileNumber{2});
        ASSERT_TRUE(writer.has_value());
        auto const body = test_bytes(1 << 20, 1);
        std::array const parts{ByteView{body}};
        std::optional<Error> error;
        if (auto written = (*writer)->write({1, 1}, parts); !written) error = written.error();
        if (!error)
            if (auto done = (*writer)->finish(); !done) error = done.error();
        EXPECT_EQ(error, Error::full);
    }
    EXPECT_TRUE(this->store().remove(FileNumber{2}).has_value());
    this->expect_readable(all);
    this->world_.set_room(true);
    EXPECT_GT(this->store().room(), 0U);
    this->expect_readable(this->write_file(FileNumber{2}, 5));
}

REGISTER_TYPED_TEST_SUITE_P(ExtentsConformance, what_was_written_can_be_read_and_survives,
                            a_block_is_not_read_as_another,
                            a_removed_file_is_gone_and_what_was_read_stays,
                            an_unfinished_file_is_seen_and_can_be_removed,
                            no_space_is_said_and_harms_nothing);

}  // namespace klamm::journal
