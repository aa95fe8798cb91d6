#include "klamm/remote/route.h"

#include <algorithm>
#include <mutex>
#include <thread>
#include <utility>

namespace klamm::remote {
namespace {

/// Troubles that are remembered as said; then they are said again.
constexpr std::size_t said_max = 100;

}  // namespace

/// Where the thread that looks up leaves what it found; without a loop nobody wants it any more.
struct Route::Mailbox {
    std::mutex mutex;
    bus::Loop* loop = nullptr;
};

Route::Route(bus::Loop& loop, std::vector<host::Address> bootstrap, Log log)
    : loop_(loop),
      bootstrap_(std::move(bootstrap)),
      log_(std::move(log)),
      mailbox_(std::make_shared<Mailbox>()) {
    mailbox_->loop = &loop_;
}

Route::~Route() {
    std::lock_guard const lock(mailbox_->mutex);
    mailbox_->loop = nullptr;
}

void Route::find(Found found) {
    waiting_.push_back(std::move(found));
    if (looking_) return;
    if (endpoints_.empty() || loop_.now().instant >= looked_at_ + lookup_lifetime) return look_up();
    loop_.post([weak = weak_from_this()] {
        if (auto const route = weak.lock()) route->tell();
    });
}

void Route::look_up() {
    looking_ = true;
    std::thread([weak = weak_from_this(), mailbox = mailbox_, bootstrap = bootstrap_]() mutable {
        auto resolved = resolve(bootstrap);
        std::lock_guard const lock(mailbox->mutex);
        if (mailbox->loop == nullptr) return;
        mailbox->loop->post([weak = std::move(weak), resolved = std::move(resolved)]() mutable {
            if (auto const route = weak.lock()) route->looked_up(std::move(resolved));
        });
    }).detach();
}

/// What worked stays in front; names that are not known now keep the addresses that they had.
void Route::looked_up(Resolved resolved) {
    looking_ = false;
    looked_at_ = loop_.now().instant;
    for (auto const& why : resolved.troubles) trouble(why);
    auto const is_new = [&](Endpoint const& at) {
        return std::ranges::find(endpoints_, at) == endpoints_.end();
    };
    if (resolved.troubles.empty())
        std::erase_if(endpoints_, [&](Endpoint const& at) {
            return std::ranges::find(resolved.endpoints, at) == resolved.endpoints.end();
        });
    std::ranges::copy_if(resolved.endpoints, std::back_inserter(endpoints_), is_new);
    tell();
}

void Route::tell() {
    for (auto& found : std::exchange(waiting_, {})) found(endpoints_);
}

void Route::worked(Endpoint const& endpoint) {
    said_.clear();
    last_trouble_.clear();
    auto const at = std::ranges::find(endpoints_, endpoint);
    if (at != endpoints_.end()) std::rotate(endpoints_.begin(), at, at + 1);
}

void Route::failed(Endpoint const& endpoint, std::string const& why) {
    trouble(endpoint.name + ": " + why);
    auto const at = std::ranges::find(endpoints_, endpoint);
    if (at != endpoints_.end()) std::rotate(at, at + 1, endpoints_.end());
}

void Route::trouble(std::string const& why) {
    last_trouble_ = why;
    if (said_.size() >= said_max) said_.clear();
    if (said_.insert(why).second && log_) log_(why);
}

}  // namespace klamm::remote
