#include "klamm/host/mailbox.h"

#include <gtest/gtest.h>

namespace klamm::host {
namespace {

TEST(Mailbox, wakes_its_owner_once_for_all_that_comes_before_it_looks) {
    Mailbox<int> mailbox;
    EXPECT_TRUE(mailbox.put({1, 2}));
    EXPECT_FALSE(mailbox.put({3}));
    EXPECT_EQ(mailbox.take(), (std::vector<int>{1, 2, 3}));
    EXPECT_TRUE(mailbox.take().empty());
    EXPECT_TRUE(mailbox.put({4}));
}

}  // namespace
}  // namespace klamm::host
