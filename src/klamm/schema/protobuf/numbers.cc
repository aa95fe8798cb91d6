// How numbers were written, found by the places of their words.
#include "klamm/schema/protobuf/descriptors.h"

#include <algorithm>
#include <span>

namespace klamm::schema::protobuf {
namespace {

/// The library counts columns as if tabs stood at every eighth.
constexpr int tab_columns = 8;

class Lines {
public:
    explicit Lines(std::string_view text) {
        while (!text.empty()) {
            auto const end = std::min(text.find('\n'), text.size());
            lines_.push_back(text.substr(0, end));
            text.remove_prefix(std::min(end + 1, text.size()));
        }
    }

    /// What stands in a line from one column up to another.
    std::string_view part(int line, int from, int to) const {
        if (line < 0 || static_cast<std::size_t>(line) >= lines_.size()) return {};
        auto const text = lines_[static_cast<std::size_t>(line)];
        return text.substr(byte_at(text, from), byte_at(text, to) - byte_at(text, from));
    }

private:
    static std::size_t byte_at(std::string_view text, int wanted) {
        int column = 0;
        std::size_t i = 0;
        for (; i < text.size() && column < wanted; ++i)
            column += text[i] == '\t' ? tab_columns - column % tab_columns : 1;
        return i;
    }

    std::vector<std::string_view> lines_;
};

/// The message that the path leads to; null: none.
pb::Message const* follow(pb::Message const& from, std::span<int const> path) {
    auto const* message = &from;
    for (std::size_t i = 0; i < path.size(); ++i) {
        auto const* field = message->GetDescriptor()->FindFieldByNumber(path[i]);
        if (field == nullptr || field->message_type() == nullptr) return nullptr;
        auto const& reflection = *message->GetReflection();
        if (!field->is_repeated()) {
            message = &reflection.GetMessage(*message, field);
            continue;
        }
        if (++i >= path.size() || path[i] < 0 || path[i] >= reflection.FieldSize(*message, field))
            return nullptr;
        message = &reflection.GetRepeatedMessage(*message, field, path[i]);
    }
    return message;
}

bool is_number(std::string_view text) {
    if (text.starts_with('-')) text.remove_prefix(1);
    return !text.empty() && ((text[0] >= '0' && text[0] <= '9') || text[0] == '.') &&
           text.find_first_not_of("0123456789abcdefABCDEFxX.+-") == text.npos;
}

}  // namespace

WrittenNumbers written_numbers(ParsedFile const& file) {
    using Uninterpreted = pb::UninterpretedOption;
    WrittenNumbers numbers;
    Lines const lines(file.text);
    for (auto const& location : file.proto.source_code_info().location()) {
        std::span<int const> const path(location.path().data(),
                                        static_cast<std::size_t>(location.path_size()));
        if (path.size() < 2 || location.span_size() != 3) continue;  // within one line
        auto const last = path.back();
        bool const of_option = path.size() > 3 && path[path.size() - 3] == 999 &&
                               (last == Uninterpreted::kPositiveIntValueFieldNumber ||
                                last == Uninterpreted::kNegativeIntValueFieldNumber ||
                                last == Uninterpreted::kDoubleValueFieldNumber);
        bool const of_default = last == pb::FieldDescriptorProto::kDefaultValueFieldNumber;
        if (!of_option && !of_default) continue;
        auto const text = lines.part(location.span(0), location.span(1), location.span(2));
        if (!is_number(text)) continue;
        auto const* owner = follow(file.proto, path.first(path.size() - 1));
        if (owner == nullptr) continue;
        if (owner->GetDescriptor() ==
            (of_option ? Uninterpreted::descriptor() : pb::FieldDescriptorProto::descriptor()))
            numbers.emplace(owner, std::string(text));
    }
    return numbers;
}

}  // namespace klamm::schema::protobuf
