#include "klamm/broker/fetch_sessions.h"

#include <limits>
#include <utility>

namespace klamm::broker {
namespace {

using kafka::ErrorCode;
using Wanted = kafka::FetchRequest::FetchPartition;

void set(FetchItem& item, Wanted const& wanted) {
    item.partition = wanted.partition;
    item.fetch_offset = wanted.fetch_offset;
    item.max_bytes = wanted.partition_max_bytes;
    item.current_leader_epoch = wanted.current_leader_epoch;
}

}  // namespace

std::list<FetchItem> items_of(kafka::FetchRequest const& request) {
    std::list<FetchItem> items;
    for (auto const& topic : request.topics) {
        auto const name =
            std::make_shared<FetchTopicName const>(FetchTopicName{topic.topic, topic.topic_id});
        for (auto const& wanted : topic.partitions) {
            auto& item = items.emplace_back();
            item.topic = name;
            set(item, wanted);
        }
    }
    return items;
}

// ---- one session ------------------------------------------------------------------------

void FetchSession::update(kafka::FetchRequest const& request) {
    for (auto const& topic : request.topics) {
        FetchTopicName const name{topic.topic, topic.topic_id};
        auto& known = by_key_[name];
        if (!known.topic) known.topic = std::make_shared<FetchTopicName const>(name);
        for (auto const& wanted : topic.partitions) {
            auto const [at, added] = known.partitions.try_emplace(wanted.partition);
            if (added) {
                at->second = items_.emplace(items_.end());
                at->second->topic = known.topic;
                at->second->session = this;
                at->second->place = next_place_++;
            }
            set(*at->second, wanted);
            note(*at->second);
        }
    }
    for (auto const& topic : request.forgotten_topics_data) {
        auto const known = by_key_.find({topic.topic, topic.topic_id});
        if (known == by_key_.end()) continue;
        for (auto const partition : topic.partitions) {
            auto const at = known->second.partitions.find(partition);
            if (at == known->second.partitions.end()) continue;
            quiet(*at->second);
            items_.erase(at->second);
            known->second.partitions.erase(at);
        }
        if (known->second.partitions.empty()) by_key_.erase(known);
    }
}

void FetchSession::move_to_back(FetchItem& item) {
    items_.splice(items_.end(), items_, by_key_.at(*item.topic).partitions.at(item.partition));
    bool const noted = news_.erase(item.place) > 0;
    item.place = next_place_++;
    if (noted) note(item);
}

// ---- all sessions -----------------------------------------------------------------------

bool FetchSessions::make_room(Step& step) {
    auto const slots = std::size_t(step.options().max_incremental_fetch_session_cache_slots);
    if (slots == 0) return false;
    if (sessions_.size() < slots) return true;
    auto const& [oldest, session] = *by_use_.begin();
    if (step.now().instant - oldest.first < fetch_session_idle_min) return false;
    end(session->id);
    return true;
}

FetchSession* FetchSessions::begin(Step& step, kafka::FetchRequest const& request, bool by_id) {
    if (!make_room(step)) return nullptr;
    auto session = std::make_unique<FetchSession>();
    session->by_id = by_id;
    session->used = step.now().instant;
    session->update(request);
    if (session->size() == 0 || partitions_ + session->size() > fetch_session_partitions_max)
        return nullptr;
    do {
        constexpr std::uint64_t ids = std::numeric_limits<std::int32_t>::max();
        session->id = std::int32_t(step.random().below(ids)) + 1;
    } while (sessions_.contains(session->id));
    partitions_ += session->size();
    by_use_.emplace(std::pair{session->used, session->id}, session.get());
    return sessions_.emplace(session->id, std::move(session)).first->second.get();
}

std::expected<FetchSession*, ErrorCode> FetchSessions::go_on(Step& step,
                                                             kafka::FetchRequest const& request,
                                                             bool by_id) {
    auto* session = find(request.session_id);
    if (session == nullptr) return std::unexpected(ErrorCode::fetch_session_id_not_found);
    if (session->next_epoch != request.session_epoch)
        return std::unexpected(ErrorCode::invalid_fetch_session_epoch);
    if (session->by_id != by_id) return std::unexpected(ErrorCode::fetch_session_topic_id_error);
    by_use_.erase({session->used, session->id});
    session->used = step.now().instant;
    by_use_.emplace(std::pair{session->used, session->id}, session);
    session->next_epoch = session->next_epoch == std::numeric_limits<std::int32_t>::max()
                              ? 1
                              : session->next_epoch + 1;
    partitions_ -= session->size();
    session->update(request);
    partitions_ += session->size();
    if (partitions_ > fetch_session_partitions_max) {
        end(session->id);
        return std::unexpected(ErrorCode::fetch_session_id_not_found);  // the client begins anew
    }
    return session;
}

void FetchSessions::end(std::int32_t id) {
    auto const found = sessions_.find(id);
    if (found == sessions_.end()) return;
    partitions_ -= found->second->size();
    by_use_.erase({found->second->used, id});
    sessions_.erase(found);
}

FetchSession* FetchSessions::find(std::int32_t id) {
    auto const found = sessions_.find(id);
    return found == sessions_.end() ? nullptr : found->second.get();
}

}  // namespace klamm::broker
