#include "klamm/bus/line.h"

namespace klamm::bus {

Line::Line(std::shared_ptr<Setting> setting, std::string client_id)
    : setting_(std::move(setting)), client_id_(std::move(client_id)) {}

void Line::close() {
    closed_ = true;
    hang_up();
}

void Line::hang_up() {
    flights_.clear();
    connection_.reset();
}

void Line::after(Duration delay, Loop::Job job) {
    auto guarded = [weak = weak_from_this(), job = std::move(job)]() mutable {
        auto const line = weak.lock();
        if (!line || line->closed_) return;
        if (auto const owner = line->owner_.lock()) job();
    };
    if (delay <= Duration{0})
        setting_->loop.post(std::move(guarded));
    else
        setting_->loop.after(delay, std::move(guarded));
}

void Line::send(kafka::AnyRequest request, kafka::ApiVersion version, Heard heard, Duration wait) {
    if (closed_) return;
    if (!connection_) connection_ = setting_->connector.connect(client_id_);
    auto const number = next_++;
    flights_.emplace(number,
                     Flight{now() + setting_->options.request_timeout + wait, std::move(heard)});
    connection_->send(std::move(request), version,
                      [weak = weak_from_this(), number](std::optional<kafka::AnyResponse> answer) {
                          if (auto const line = weak.lock())
                              line->answered(number, std::move(answer));
                      });
    watch();
}

void Line::answered(std::uint64_t number, std::optional<kafka::AnyResponse> answer) {
    auto const flight = flights_.find(number);
    auto const owner = owner_.lock();
    if (flight == flights_.end() || closed_ || !owner) return;
    if (!answer) return lost();
    auto heard = std::move(flight->second.heard);
    flights_.erase(flight);
    heard(std::move(answer));
}

void Line::lost() {
    auto const owner = owner_.lock();
    connection_.reset();
    for (auto& [number, flight] : std::exchange(flights_, {})) {
        if (closed_ || !owner) return;
        flight.heard(std::nullopt);
    }
}

/// Answers come in order, so the oldest request tells for all.
void Line::watch() {
    if (watching_ || flights_.empty()) return;
    watching_ = true;
    after(flights_.begin()->second.due - now(), [this] {
        watching_ = false;
        if (!flights_.empty() && flights_.begin()->second.due <= now()) lost();
        if (!closed_) watch();
    });
}

// ---- requests that are made again -------------------------------------------------------------

void Line::insist(std::shared_ptr<Erased> given) {
    send(given->make(), given->version,
         [this, given](std::optional<kafka::AnyResponse> answer) mutable {
             if (!answer) {
                 given->unanswered = true;
                 return again(std::move(given), "the broker does not answer");
             }
             auto const error = given->hear(*answer, given->unanswered);
             if (error != settled && !closed_)
                 again(std::move(given), std::string(kafka::to_string(error)));
         });
}

void Line::again(std::shared_ptr<Erased> given, std::string const& why) {
    auto const pause = setting_->options.retry_pause;
    if (now() + pause >= given->until)
        return given->give_up({Error::Kind::away, fmt::format("{}: {}", given->what, why)},
                              given->unanswered);
    after(pause, [this, given = std::move(given)]() mutable { insist(std::move(given)); });
}

}  // namespace klamm::bus
