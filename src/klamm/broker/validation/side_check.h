// broker/validation/side_check.h - the keys, or the values, of one batch against the registry.
//
//   header __value_schema_id  or the front of the value itself
//          │
//          ▼
//   00 id | 01 GUID [message indexes] ──▶ schema ──▶ registered under the subject? ──▶ payload
//
// The records of a batch mostly begin alike; what a beginning leads to is looked up once.
#pragma once

#include "klamm/base/bytes.h"
#include "klamm/broker/validation/rules.h"
#include "klamm/records/record.h"
#include "klamm/registry/state.h"

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::broker {

enum class Side : std::uint8_t { key, value };

/// The longest text about one record; what is longer is cut.
inline constexpr std::size_t refusal_text_bytes_max = 500;

class SideCheck {
public:
    /// All of them outlive this.
    SideCheck(Side side, std::string_view topic, SideRules const& rules,
              registry::State const& registry);

    /// Why the record is refused, in words; none: it is not. A null is never refused.
    std::optional<std::string> refuse(records::RecordView const& record);

private:
    /// Where records that begin with `front` belong.
    struct Known {
        Bytes front;  ///< id or GUID, and message indexes where they matter
        registry::StoredSchemaPtr stored;
        schema::Schema const* parsed = nullptr;  ///< null: nobody asks it anything
        schema::MessageIndexes indexes;
        std::string subject;
        std::int32_t version = 0;
    };
    /// The latest few; a topic of many types of records has more.
    static constexpr std::size_t known_max = 16;

    std::expected<Known const*, std::string> know(ByteView bytes);
    std::expected<Known, std::string> look_up(ByteView bytes) const;
    std::expected<registry::StoredSchemaPtr, std::string> find(
        schema::Framing const& framing) const;
    std::expected<std::string, std::string> subject_of(Known const& known) const;
    bool needs_parsed() const;
    std::string_view side_name() const;

    Side side_;
    std::string_view topic_;
    SideRules const& rules_;
    registry::State const& registry_;
    std::vector<Known> known_;
    std::size_t next_known_ = 0;  ///< which one makes room
};

}  // namespace klamm::broker
