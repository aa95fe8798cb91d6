#include "klamm/schema/protobuf/messages.h"

#include "klamm/schema/protobuf/differences.h"

#include <algorithm>
#include <array>

namespace klamm::schema::protobuf {
namespace {

/// Numbers up to here are found by one look into a table.
constexpr int low_number_max = 255;

std::uint8_t wire_of(pb::FieldDescriptor::Type type) {
    using Type = pb::FieldDescriptor::Type;
    switch (type) {
        case Type::TYPE_DOUBLE:
        case Type::TYPE_FIXED64:
        case Type::TYPE_SFIXED64:
            return 1;
        case Type::TYPE_STRING:
        case Type::TYPE_BYTES:
        case Type::TYPE_MESSAGE:
            return 2;
        case Type::TYPE_GROUP:
            return 3;
        case Type::TYPE_FLOAT:
        case Type::TYPE_FIXED32:
        case Type::TYPE_SFIXED32:
            return 5;
        default:
            return 0;
    }
}

}  // namespace

FieldPlan const* MessagePlan::find_high(std::uint32_t number) const {
    auto const found = std::ranges::lower_bound(fields, number, {}, [](FieldPlan const& each) {
        return static_cast<std::uint32_t>(each.field->number());
    });
    if (found == fields.end() || static_cast<std::uint32_t>(found->field->number()) != number)
        return nullptr;
    return &*found;
}

Messages::Messages(Definitions const& definitions) : definitions_(definitions) {
    // Not by recursion: messages can lead to each other without end.
    std::vector<pb::Descriptor const*> left;
    auto const visit = [&](pb::Descriptor const* type) {
        if (plans_.try_emplace(type, std::make_unique<MessagePlan>()).second) left.push_back(type);
    };
    for (int i = 0; i < definitions.payload_file().message_type_count(); ++i)
        visit(definitions.payload_file().message_type(i));
    while (!left.empty()) {
        auto const* type = left.back();
        left.pop_back();
        for (int i = 0; i < type->nested_type_count(); ++i) visit(type->nested_type(i));
        std::vector<pb::FieldDescriptor const*> fields;
        for (int i = 0; i < type->field_count(); ++i) fields.push_back(type->field(i));
        definitions.pool().FindAllExtensions(type, &fields);
        std::ranges::sort(fields, {}, &pb::FieldDescriptor::number);
        auto& plan = *plans_.at(type);
        plan.type = type;
        plan.fields.reserve(fields.size());
        for (auto const* field : fields) {
            FieldPlan each{.field = field, .wire = wire_of(field->type())};
            if (auto const* inner = field->message_type()) {
                visit(inner);
                each.inner = plans_.at(inner).get();
            }
            each.packable = field->is_packable();
            each.utf8 = field->type() == pb::FieldDescriptor::TYPE_STRING &&
                        field->file()->syntax() == pb::FileDescriptor::SYNTAX_PROTO3;
            plan.fields.push_back(each);
        }
        for (auto& field : plan.fields) {
            auto const number = static_cast<std::size_t>(field.field->number());
            if (number <= low_number_max) {
                if (plan.low.size() <= number) plan.low.resize(number + 1, -1);
                plan.low[number] = static_cast<std::int32_t>(&field - plan.fields.data());
            }
            if (!field.field->is_required()) continue;
            field.required = static_cast<int>(plan.required.size());
            plan.required.push_back(&field);
        }
    }
}

std::vector<MessagePlan const*> Messages::at(MessageIndexes const& indexes) const {
    auto const& file = definitions_.payload_file();
    auto const first = indexes.empty() ? 0 : indexes.front();
    if (first < 0 || first >= file.message_type_count()) return {};
    std::vector<pb::Descriptor const*> found{file.message_type(first)};
    for (std::size_t i = 1; i < indexes.size(); ++i) {
        std::vector<pb::Descriptor const*> inner;
        for (auto const* type : found) {
            std::vector<pb::Descriptor const*> written;
            int entries = 0;
            for (int k = 0; k < type->nested_type_count(); ++k) {
                if (type->nested_type(k)->options().map_entry())
                    ++entries;
                else
                    written.push_back(type->nested_type(k));
            }
            // Whoever counts entries too may have had any number of them before the message.
            for (int before = 0; before <= entries; ++before) {
                auto const place = std::int64_t{indexes[i]} - before;
                if (place >= 0 && place < std::ssize(written) && inner.size() < 16)
                    inner.push_back(written[static_cast<std::size_t>(place)]);
            }
        }
        found = std::move(inner);
    }
    std::vector<MessagePlan const*> plans;
    for (auto const* type : found) plans.push_back(plans_.at(type).get());
    return plans;
}

MessagePlan const* Messages::named(std::string_view local) const {
    auto const& file = definitions_.payload_file();
    auto const name =
        file.package().empty() ? std::string(local) : file.package() + "." + std::string(local);
    auto const found = plans_.find(definitions_.pool().FindMessageTypeByName(name));
    return found == plans_.end() ? nullptr : found->second.get();
}

}  // namespace klamm::schema::protobuf
