// host/notices.h - what people should hear of: into the log at once, and the recent ones on
// request at /api/notices.
//
// Any thread.
#pragma once

#include "klamm/broker/notice.h"

#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <vector>

namespace klamm::host {

class Notices {
public:
    static constexpr std::size_t kept_max = 256;  ///< older ones are forgotten

    void add(std::vector<broker::Notice> notices);
    /// An array, oldest first.
    std::string to_json() const;

private:
    mutable std::mutex mutex_;
    std::deque<broker::Notice> recent_;
};

}  // namespace klamm::host
