#include "order_saga/order_saga.h"

namespace order_saga {
namespace {

using klamm::Context;
using klamm::done;
using klamm::Outcome;

constexpr auto orders = "outbox.event.order";
constexpr auto saga = "saga";
constexpr auto stock = "stock";
constexpr auto payment = "payment";
constexpr auto decisions = "decisions";

Outcome decide(Context& context, std::string const& order, std::string status) {
    context.erase_state<Saga>();
    context.send(decisions, OrderDecided{order, std::move(status)});
    return done();
}

// ---- the saga: its topics are all keyed by the order, so its steps come one after the other ----

Outcome placed(OrderPlaced const& order, Context& context) {
    // The same topic for all that the saga hears keeps the steps of an order in order.
    context.send(saga, order);
    return done();
}

Outcome begin(OrderPlaced const& order, Context& context) {
    context.put_state(Saga{order});
    context.send(stock, ReserveStock{order.order, order.item}, {.key = order.item});
    return done();
}

Outcome stock_answered(StockAnswered const& answer, Context& context) {
    auto const order = context.state<Saga>();
    if (!order) return klamm::skip("the order is decided");
    if (!answer.reserved) return decide(context, answer.order, "out of stock");
    context.send(payment, ChargeCard{answer.order, order->placed.cents});
    return done();
}

Outcome payment_answered(PaymentAnswered const& answer, Context& context) {
    auto const order = context.state<Saga>();
    if (!order) return klamm::skip("the order is decided");
    if (answer.paid) return decide(context, answer.order, "confirmed");
    context.send(stock, ReleaseStock{answer.order, order->placed.item},
                 {.key = order->placed.item});
    return decide(context, answer.order, "not paid");
}

// ---- the stock: its topic is keyed by the item -------------------------------------------------

Outcome reserve(ReserveStock const& wanted, Context& context) {
    auto level = context.state<Stock>().value_or(Stock{});
    auto const reserved = level.pieces > 0;
    if (reserved) --level.pieces;
    context.put_state(level);
    context.send(saga, StockAnswered{wanted.order, reserved}, {.key = wanted.order});
    return done();
}

Outcome release(ReleaseStock const&, Context& context) {
    auto level = context.state<Stock>().value_or(Stock{});
    ++level.pieces;
    context.put_state(level);
    return done();
}

}  // namespace

klamm::App make_app(Bank bank) {
    klamm::App app{"order-saga"};
    app.on<OrderPlaced>(orders, placed, {.name = "placed"})
        .on<OrderPlaced>(saga, begin, {.name = "begin"})
        .on<StockAnswered>(saga, stock_answered)
        .on<PaymentAnswered>(saga, payment_answered)
        .on<ReserveStock>(stock, reserve)
        .on<ReleaseStock>(stock, release)
        .on<ChargeCard>(payment, [bank](ChargeCard const& charge, Context& context) {
            context.send(saga, PaymentAnswered{charge.order, bank(charge.cents)});
            return done();
        });
    return app.sends<OrderDecided>(decisions);
}

void add_database(klamm::App& app, klamm::Postgres& database, std::string connection) {
    app.with(klamm::outbox({.connection = std::move(connection)}));
    auto const write = [](OrderDecided const& decided, klamm::Sql& sql, Context&) {
        sql.run("UPDATE orders SET status = $2 WHERE id = $1", {decided.order, decided.status});
        sql.run("INSERT INTO decisions (id, status) VALUES ($1, $2)",
                {decided.order, decided.status});
        return done();
    };
    app.on<OrderDecided>(decisions, klamm::inbox<OrderDecided>(database, write));
}

std::string schema() {
    return klamm::outbox_schema({}) + klamm::inbox_schema() +
           "CREATE TABLE IF NOT EXISTS orders (id text PRIMARY KEY, status text NOT NULL);\n"
           // Without a key: a decision that was written twice would show.
           "CREATE TABLE IF NOT EXISTS decisions (id text NOT NULL, status text NOT NULL);\n";
}

}  // namespace order_saga
