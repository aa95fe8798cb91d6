// bus/line.h - a connection that is made anew when it is lost, and requests that are made again.
//
// Each of the bus's clients (bus, producer, consumer) owns the lines that it needs, and owns what
// comes back: nothing is called once the owner is gone or the line is closed, and the owner stays
// there while it is called.
#pragma once

#include "klamm/bus/setting.h"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace klamm::bus {

/// How an answer was found: `none` when it settles the matter, else the error for which the request
/// is made again.
using Again = kafka::ErrorCode;
inline constexpr Again settled = Again::none;

class Line : public std::enable_shared_from_this<Line> {
public:
    /// Nothing: the connection was lost, or gave no answer in time and was given up.
    using Heard = std::move_only_function<void(std::optional<kafka::AnyResponse>)>;

    Line(std::shared_ptr<Setting> setting, std::string client_id);

    /// To be told before anything else.
    void belong_to(std::weak_ptr<void> owner) { owner_ = std::move(owner); }
    /// Nothing is called from now on.
    void close();
    bool closed() const { return closed_; }

    /// `wait`: what the broker may take for it, beside the time that every request has.
    void send(kafka::AnyRequest request, kafka::ApiVersion version, Heard heard,
              Duration wait = Duration{0});
    /// What is on it is forgotten, unheard; the next request makes a new connection.
    void hang_up();
    /// Later, unless the owner is gone or the line is closed by then.
    void after(Duration delay, Loop::Job job);
    void post(Loop::Job job) { after(Duration{0}, std::move(job)); }

    /// A request until it is settled, or `until` is over.
    template <class R>
    struct Insistence {
        std::string what;  ///< for people: "to commit transaction 'x'"
        Instant until;
        std::move_only_function<R()> make;  ///< anew for each time
        /// `before`: it was made before without an answer, and may have been done then.
        std::move_only_function<Again(typename R::Response&, bool before)> hear;
        /// `unanswered`: it may have been done.
        std::move_only_function<void(Error, bool unanswered)> give_up;
        kafka::ApiVersion version = R::api.last;
    };
    template <class R>
    void insist(Insistence<R> given) {
        insist(std::make_shared<Erased>(Erased{
            .what = std::move(given.what),
            .until = given.until,
            .version = given.version,
            .make = [make = std::move(given.make)]() mutable -> kafka::AnyRequest {
                return make();
            },
            .hear =
                [hear = std::move(given.hear)](kafka::AnyResponse& answer, bool before) mutable {
                    return hear(std::get<typename R::Response>(answer), before);
                },
            .give_up = std::move(given.give_up)}));
    }

    Instant now() const { return setting_->loop.now().instant; }
    Instant patience() const { return now() + setting_->options.patience; }

private:
    struct Erased {
        std::string what;
        Instant until;
        kafka::ApiVersion version = 0;
        std::move_only_function<kafka::AnyRequest()> make;
        std::move_only_function<Again(kafka::AnyResponse&, bool)> hear;
        std::move_only_function<void(Error, bool)> give_up;
        bool unanswered = false;
    };
    struct Flight {
        Instant due;
        Heard heard;
    };

    void insist(std::shared_ptr<Erased> given);
    void again(std::shared_ptr<Erased> given, std::string const& why);
    void answered(std::uint64_t number, std::optional<kafka::AnyResponse> answer);
    void lost();
    void watch();

    std::shared_ptr<Setting> setting_;
    std::string client_id_;
    std::weak_ptr<void> owner_;
    std::unique_ptr<Connection> connection_;
    std::map<std::uint64_t, Flight> flights_;
    std::uint64_t next_ = 0;
    bool watching_ = false;
    bool closed_ = false;
};

}  // namespace klamm::bus
