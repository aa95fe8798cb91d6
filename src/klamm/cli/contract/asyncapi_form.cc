#include "klamm/cli/contract/asyncapi_form.h"

namespace klamm::cli {
namespace {

using enum Times;
constexpr bool required = true;

constexpr Field document_fields[] = {
    {"asyncapi", Form::text, once, required}, {"id", Form::text},
    {"info", Form::info, once, required},     {"servers", Form::server, map},
    {"defaultContentType", Form::text},       {"channels", Form::channel, map},
    {"operations", Form::operation, map},     {"components", Form::components},
};
constexpr Field info_fields[] = {
    {"title", Form::text, once, required},
    {"version", Form::text, once, required},
    {"description", Form::text},
    {"termsOfService", Form::text},
    {"contact", Form::contact},
    {"license", Form::license},
    {"tags", Form::tag, list},
    {"externalDocs", Form::external_docs},
};
constexpr Field contact_fields[] = {
    {"name", Form::text}, {"url", Form::text}, {"email", Form::text}};
constexpr Field license_fields[] = {{"name", Form::text, once, required}, {"url", Form::text}};
constexpr Field tag_fields[] = {
    {"name", Form::text, once, required},
    {"description", Form::text},
    {"externalDocs", Form::external_docs},
};
constexpr Field external_docs_fields[] = {{"description", Form::text},
                                          {"url", Form::text, once, required}};
constexpr Field server_fields[] = {
    {"host", Form::text, once, required},
    {"protocol", Form::text, once, required},
    {"protocolVersion", Form::text},
    {"pathname", Form::text},
    {"description", Form::text},
    {"title", Form::text},
    {"summary", Form::text},
    {"variables", Form::server_variable, map},
    {"security", Form::security_scheme, list},
    {"tags", Form::tag, list},
    {"externalDocs", Form::external_docs},
    {"bindings", Form::bindings},
};
constexpr Field server_variable_fields[] = {
    {"enum", Form::texts},
    {"default", Form::text},
    {"description", Form::text},
    {"examples", Form::texts},
};
constexpr Field channel_fields[] = {
    {"address", Form::text_or_null},
    {"messages", Form::message, map},
    {"title", Form::text},
    {"summary", Form::text},
    {"description", Form::text},
    {"servers", Form::in_this_document, list},
    {"parameters", Form::parameter, map},
    {"tags", Form::tag, list},
    {"externalDocs", Form::external_docs},
    {"bindings", Form::bindings},
};
constexpr Field parameter_fields[] = {
    {"enum", Form::texts},     {"default", Form::text},  {"description", Form::text},
    {"examples", Form::texts}, {"location", Form::text},
};
constexpr Field operation_fields[] = {
    {"action", Form::action, once, required},
    {"channel", Form::in_this_document, once, required},
    {"title", Form::text},
    {"summary", Form::text},
    {"description", Form::text},
    {"security", Form::security_scheme, list},
    {"tags", Form::tag, list},
    {"externalDocs", Form::external_docs},
    {"bindings", Form::bindings},
    {"traits", Form::operation_trait, list},
    {"messages", Form::in_this_document, list},
    {"reply", Form::reply},
};
constexpr Field operation_trait_fields[] = {
    {"title", Form::text},        {"summary", Form::text},
    {"description", Form::text},  {"security", Form::security_scheme, list},
    {"tags", Form::tag, list},    {"externalDocs", Form::external_docs},
    {"bindings", Form::bindings},
};
constexpr Field reply_fields[] = {
    {"address", Form::reply_address},
    {"channel", Form::in_this_document},
    {"messages", Form::in_this_document, list},
};
constexpr Field reply_address_fields[] = {{"description", Form::text},
                                          {"location", Form::text, once, required}};
constexpr Field message_fields[] = {
    {"headers", Form::schema},
    {"payload", Form::schema},
    {"correlationId", Form::correlation_id},
    {"contentType", Form::text},
    {"name", Form::text},
    {"title", Form::text},
    {"summary", Form::text},
    {"description", Form::text},
    {"tags", Form::tag, list},
    {"externalDocs", Form::external_docs},
    {"bindings", Form::bindings},
    {"examples", Form::message_example, list},
    {"traits", Form::message_trait, list},
};
constexpr Field message_trait_fields[] = {
    {"headers", Form::schema},
    {"correlationId", Form::correlation_id},
    {"contentType", Form::text},
    {"name", Form::text},
    {"title", Form::text},
    {"summary", Form::text},
    {"description", Form::text},
    {"tags", Form::tag, list},
    {"externalDocs", Form::external_docs},
    {"bindings", Form::bindings},
    {"examples", Form::message_example, list},
};
constexpr Field message_example_fields[] = {
    {"headers", Form::anything},
    {"payload", Form::anything},
    {"name", Form::text},
    {"summary", Form::text},
};
constexpr Field correlation_id_fields[] = {{"description", Form::text},
                                           {"location", Form::text, once, required}};
constexpr Field security_scheme_fields[] = {
    {"type", Form::text, once, required},
    {"description", Form::text},
    {"name", Form::text},
    {"in", Form::text},
    {"scheme", Form::text},
    {"bearerFormat", Form::text},
    {"flows", Form::anything},
    {"openIdConnectUrl", Form::text},
    {"scopes", Form::texts},
};
constexpr Field components_fields[] = {
    {"schemas", Form::schema, map},
    {"servers", Form::server, map},
    {"channels", Form::channel, map},
    {"operations", Form::operation, map},
    {"messages", Form::message, map},
    {"securitySchemes", Form::security_scheme, map},
    {"serverVariables", Form::server_variable, map},
    {"parameters", Form::parameter, map},
    {"correlationIds", Form::correlation_id, map},
    {"replies", Form::reply, map},
    {"replyAddresses", Form::reply_address, map},
    {"externalDocs", Form::external_docs, map},
    {"tags", Form::tag, map},
    {"operationTraits", Form::operation_trait, map},
    {"messageTraits", Form::message_trait, map},
    {"serverBindings", Form::bindings, map},
    {"channelBindings", Form::bindings, map},
    {"operationBindings", Form::bindings, map},
    {"messageBindings", Form::bindings, map},
};

}  // namespace

std::span<Field const> fields_of(Form form) {
    switch (form) {
        case Form::document:
            return document_fields;
        case Form::info:
            return info_fields;
        case Form::contact:
            return contact_fields;
        case Form::license:
            return license_fields;
        case Form::tag:
            return tag_fields;
        case Form::external_docs:
            return external_docs_fields;
        case Form::server:
            return server_fields;
        case Form::server_variable:
            return server_variable_fields;
        case Form::channel:
            return channel_fields;
        case Form::parameter:
            return parameter_fields;
        case Form::operation:
            return operation_fields;
        case Form::operation_trait:
            return operation_trait_fields;
        case Form::reply:
            return reply_fields;
        case Form::reply_address:
            return reply_address_fields;
        case Form::message:
            return message_fields;
        case Form::message_trait:
            return message_trait_fields;
        case Form::message_example:
            return message_example_fields;
        case Form::correlation_id:
            return correlation_id_fields;
        case Form::security_scheme:
            return security_scheme_fields;
        case Form::components:
            return components_fields;
        default:
            return {};
    }
}

bool may_be_reference(Form form) {
    switch (form) {
        case Form::tag:
        case Form::external_docs:
        case Form::server:
        case Form::server_variable:
        case Form::channel:
        case Form::parameter:
        case Form::operation:
        case Form::operation_trait:
        case Form::reply:
        case Form::reply_address:
        case Form::message:
        case Form::message_trait:
        case Form::correlation_id:
        case Form::security_scheme:
        case Form::schema:
        case Form::bindings:
            return true;
        default:
            return false;
    }
}

std::string_view name_of(Form form) {
    switch (form) {
        case Form::document:
            return "an AsyncAPI document";
        case Form::info:
            return "info";
        case Form::contact:
            return "a contact";
        case Form::license:
            return "a license";
        case Form::tag:
            return "a tag";
        case Form::external_docs:
            return "external docs";
        case Form::server:
            return "a server";
        case Form::server_variable:
            return "a server variable";
        case Form::channel:
            return "a channel";
        case Form::parameter:
            return "a parameter";
        case Form::operation:
            return "an operation";
        case Form::operation_trait:
            return "an operation trait";
        case Form::reply:
            return "a reply";
        case Form::reply_address:
            return "a reply's address";
        case Form::message:
            return "a message";
        case Form::message_trait:
            return "a message trait";
        case Form::message_example:
            return "a message's example";
        case Form::correlation_id:
            return "a correlation id";
        case Form::security_scheme:
            return "a security scheme";
        case Form::components:
            return "components";
        case Form::schema:
            return "a schema";
        case Form::bindings:
            return "bindings";
        case Form::in_this_document:
            return "a reference";
        case Form::anything:
        case Form::text:
        case Form::text_or_null:
        case Form::texts:
        case Form::action:
            return "a value";
    }
    return "a value";
}

}  // namespace klamm::cli
