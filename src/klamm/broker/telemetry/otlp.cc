#include "klamm/broker/telemetry/otlp.h"

#include <bit>
#include <cstdint>
#include <optional>

namespace klamm::broker {
namespace {

// ---- Protobuf's wire format -----------------------------------------------------------------

enum class Wire : std::uint8_t { varint = 0, fixed64 = 1, bytes = 2, fixed32 = 5 };

struct Field {
    std::uint32_t number = 0;
    Wire wire{};
    std::uint64_t value = 0;  ///< varint, fixed64 or fixed32
    ByteView bytes{};         ///< bytes
};

/// Reads the fields of one message, one after the other.
class Fields {
public:
    explicit Fields(ByteView message) : left_(message) {}

    /// Null at the end, or when the bytes are no message: then bad() holds.
    std::optional<Field> next() {
        if (left_.empty() || bad_) return std::nullopt;
        auto const tag = varint();
        Field field{.number = std::uint32_t(tag >> 3), .wire = Wire(tag & 7)};
        switch (field.wire) {
            case Wire::varint:
                field.value = varint();
                break;
            case Wire::fixed64:
                field.value = fixed(8);
                break;
            case Wire::fixed32:
                field.value = fixed(4);
                break;
            case Wire::bytes:
                field.bytes = take(varint());
                break;
            default:
                bad_ = true;  // groups are of the past, the rest was never defined
        }
        if (bad_) return std::nullopt;
        return field;
    }
    bool bad() const { return bad_; }

private:
    std::uint64_t varint() {
        constexpr int bytes_max = 10;
        std::uint64_t value = 0;
        for (int i = 0; i < bytes_max && !left_.empty(); ++i) {
            auto const byte = std::to_integer<std::uint64_t>(left_.front());
            left_ = left_.subspan(1);
            value |= (byte & 0x7f) << (7 * i);
            if ((byte & 0x80) == 0) return value;
        }
        bad_ = true;
        return 0;
    }
    std::uint64_t fixed(std::size_t size) {
        std::uint64_t value = 0;
        auto const bytes = take(size);
        for (std::size_t i = 0; i < bytes.size(); ++i)
            value |= std::to_integer<std::uint64_t>(bytes[i]) << (8 * i);
        return value;
    }
    ByteView take(std::uint64_t size) {
        if (size > left_.size()) {
            bad_ = true;
            return {};
        }
        auto const bytes = left_.first(std::size_t(size));
        left_ = left_.subspan(std::size_t(size));
        return bytes;
    }

    ByteView left_;
    bool bad_ = false;
};

std::string text_of(ByteView bytes) {
    auto const size = std::min(bytes.size(), push_limits::text_bytes);
    return {reinterpret_cast<char const*>(bytes.data()), size};
}

// ---- the messages, from the inside out --------------------------------------------------------

struct Reading {
    ClientMetrics out;
    bool bad = false;

    /// Calls `each` for the fields of a message.
    void fields(ByteView message, auto each) {
        Fields all{message};
        while (auto const field = all.next()) each(*field);
        bad |= all.bad();
    }

    std::string any_value(ByteView message) {
        std::string text;
        fields(message, [&](Field const& field) {
            enum : std::uint32_t { string_value = 1, bool_value = 2, int_value = 3 };
            if (field.number == string_value) text = text_of(field.bytes);
            if (field.number == bool_value) text = field.value != 0 ? "true" : "false";
            if (field.number == int_value) text = std::to_string(std::int64_t(field.value));
        });
        return text;
    }

    void attribute(ByteView message, ClientMetric& metric) {
        if (metric.attributes.size() >= push_limits::attributes) return;
        auto& [key, value] = metric.attributes.emplace_back();
        fields(message, [&](Field const& field) {
            if (field.number == 1) key = text_of(field.bytes);
            if (field.number == 2) value = any_value(field.bytes);
        });
    }

    void data_point(ByteView message, ClientMetric metric) {
        if (out.metrics.size() >= push_limits::metrics) {
            ++out.left_out;
            return;
        }
        fields(message, [&](Field const& field) {
            enum : std::uint32_t { as_double = 4, as_int = 6, attributes = 7 };
            if (field.number == as_double && field.wire == Wire::fixed64)
                metric.value = std::bit_cast<double>(field.value);
            if (field.number == as_int && field.wire == Wire::fixed64)
                metric.value = double(std::int64_t(field.value));
            if (field.number == attributes) attribute(field.bytes, metric);
        });
        out.metrics.push_back(std::move(metric));
    }

    /// A Gauge or a Sum: points come before the flag that says what they are.
    void points(ByteView message, ClientMetric metric) {
        fields(message, [&](Field const& field) {
            enum : std::uint32_t { is_monotonic = 3 };
            if (field.number == is_monotonic) metric.counter = field.value != 0;
        });
        fields(message, [&](Field const& field) {
            if (field.number == 1) data_point(field.bytes, metric);
        });
    }

    void metric(ByteView message) {
        ClientMetric metric;
        fields(message, [&](Field const& field) {
            if (field.number == 1) metric.name = text_of(field.bytes);
        });
        fields(message, [&](Field const& field) {
            enum : std::uint32_t { gauge = 5, sum = 7 };
            if (field.number == gauge || field.number == sum) points(field.bytes, metric);
        });
    }

    /// The repeated field 2 of ResourceMetrics and of ScopeMetrics, the field 1 of MetricsData.
    void metrics_data(ByteView message) {
        fields(message, [&](Field const& resource) {
            if (resource.number != 1) return;
            fields(resource.bytes, [&](Field const& scope) {
                if (scope.number != 2) return;
                fields(scope.bytes, [&](Field const& field) {
                    if (field.number == 2) metric(field.bytes);
                });
            });
        });
    }
};

}  // namespace

std::expected<ClientMetrics, std::string> read_metrics(ByteView metrics_data) {
    Reading reading;
    reading.metrics_data(metrics_data);
    if (reading.bad) return std::unexpected("The metrics are not those of OpenTelemetry.");
    return std::move(reading.out);
}

}  // namespace klamm::broker
