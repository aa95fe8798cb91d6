#include "klamm/kafka_bus/records.h"

#include <array>
#include <cstring>

namespace klamm::kafka_bus {
namespace {

Headers headers_of(rd_kafka_message_t const& message) {
    Headers headers;
    rd_kafka_headers_t* given = nullptr;
    if (rd_kafka_message_headers(&message, &given) != RD_KAFKA_RESP_ERR_NO_ERROR) return headers;
    headers.reserve(rd_kafka_header_cnt(given));
    char const* name = nullptr;
    void const* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0;
         rd_kafka_header_get_all(given, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i) {
        auto& header = headers.emplace_back(Header{name, std::nullopt});
        if (value != nullptr) header.value.emplace(static_cast<char const*>(value), size);
    }
    return headers;
}

}  // namespace

std::vector<bus::Record> to_records(std::span<MessagePtr const> messages) {
    std::size_t bytes = 0;
    for (auto const& message : messages) bytes += message->key_len + message->len;
    auto const buffer = std::make_shared_for_overwrite<std::byte[]>(bytes);
    auto* const begin = buffer.get();
    Slice const all(buffer, ByteView(begin, bytes));
    std::size_t at = 0;
    auto const keep = [&](void const* from, std::size_t size) -> std::optional<Slice> {
        if (from == nullptr) return std::nullopt;
        if (size > 0) std::memcpy(begin + at, from, size);
        at += size;
        return all.part(at - size, size);
    };

    std::vector<bus::Record> records;
    records.reserve(messages.size());
    for (auto const& message : messages) {
        auto& record = records.emplace_back();
        record.partition = {rd_kafka_topic_name(message->rkt), message->partition};
        record.offset = message->offset;
        record.timestamp_ms = rd_kafka_message_timestamp(message.get(), nullptr);
        record.key = keep(message->key, message->key_len);
        record.value = keep(message->payload, message->len);
        record.headers = headers_of(*message);
    }
    return records;
}

Outlet::Topics::iterator Outlet::find(std::string const& name) {
    if (last_ == topics_.end() || last_->first != name) last_ = topics_.try_emplace(name).first;
    return last_;
}

std::optional<bus::Error> Outlet::wrong_with(bus::Outgoing const& record) {
    auto& topic = find(record.topic)->second;
    auto const wanted = record.partition.value_or(0);
    if (wanted >= 0 && wanted < topic.partitions) return std::nullopt;
    auto const refuse = [](std::string why) {
        return bus::Error{bus::Error::Kind::refused, std::move(why)};
    };
    auto const found = cluster_->describe_topics({record.topic});
    if (!found) return found.error();
    topic.partitions = found->front().partitions;
    if (topic.partitions == 0) return refuse("there is no topic '" + record.topic + "'");
    if (!topic.handle)
        topic.handle.reset(rd_kafka_topic_new(client_->rk(), record.topic.c_str(), nullptr));
    if (wanted < 0 || wanted >= topic.partitions)
        return refuse("topic '" + record.topic + "' has " + std::to_string(topic.partitions) +
                      " partitions, so none with the number " + std::to_string(wanted));
    return std::nullopt;
}

rd_kafka_resp_err_t Outlet::produce(bus::Outgoing const& record, void* opaque) {
    std::array<rd_kafka_vu_t, 8> parts{};
    std::size_t used = 0;
    auto const part = [&](rd_kafka_vtype_t type) -> auto& {
        parts[used].vtype = type;
        return parts[used++].u;
    };
    auto const bytes = [](std::string const& of) { return const_cast<char*>(of.data()); };
    part(RD_KAFKA_VTYPE_RKT).rkt = find(record.topic)->second.handle.get();
    part(RD_KAFKA_VTYPE_PARTITION).i32 = record.partition.value_or(RD_KAFKA_PARTITION_UA);
    part(RD_KAFKA_VTYPE_MSGFLAGS).i = RD_KAFKA_MSG_F_COPY;
    part(RD_KAFKA_VTYPE_OPAQUE).ptr = opaque;
    if (record.timestamp_ms) part(RD_KAFKA_VTYPE_TIMESTAMP).i64 = *record.timestamp_ms;
    if (record.value) part(RD_KAFKA_VTYPE_VALUE).mem = {bytes(*record.value), record.value->size()};
    if (record.key) part(RD_KAFKA_VTYPE_KEY).mem = {bytes(*record.key), record.key->size()};
    rd_kafka_headers_t* headers = nullptr;
    auto const count = record.headers.size() + std::size_t(record.more_headers.count());
    if (count > 0) {
        headers = rd_kafka_headers_new(count);
        auto const add = [&](std::string_view name, std::optional<std::string_view> value) {
            rd_kafka_header_add(headers, name.data(), ssize_t(name.size()),
                                value ? value->data() : nullptr,
                                value ? ssize_t(value->size()) : 0);
        };
        for (auto const& [name, value] : record.headers) add(name, value);
        record.more_headers.each(add);
        part(RD_KAFKA_VTYPE_HEADERS).headers = headers;
    }
    ErrorPtr const error(rd_kafka_produceva(client_->rk(), parts.data(), used));
    if (!error) return RD_KAFKA_RESP_ERR_NO_ERROR;
    if (headers != nullptr) rd_kafka_headers_destroy(headers);  // still ours
    return rd_kafka_error_code(error.get());
}

}  // namespace klamm::kafka_bus
