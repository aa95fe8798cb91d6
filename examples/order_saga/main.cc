// order_saga --postgres CONNECTION [flags of every App]: the saga beside a shop's database.
//
//     psql -d shop -c "$(build/examples/order_saga --schema)"
//     build/examples/order_saga --postgres dbname=shop
//     psql -d shop -c "BEGIN; INSERT INTO orders VALUES ('o-1', 'placed');
//         INSERT INTO outbox (aggregatetype, aggregateid, type, payload) VALUES ('order', 'o-1',
//         'order.placed', '{\"order\": \"o-1\", \"item\": \"book\", \"cents\": 900}'); COMMIT"
//     psql -d shop -c "SELECT * FROM orders"
#include "klamm/run.h"
#include "order_saga/order_saga.h"

#include <iostream>
#include <string_view>

int main(int argc, char** argv) {
    if (argc == 2 && std::string_view{argv[1]} == "--schema") {
        std::cout << order_saga::schema();
        return 0;
    }
    if (argc < 3 || std::string_view{argv[1]} != "--postgres") {
        std::cerr << "usage: order_saga --schema | --postgres CONNECTION [flags; --help]\n";
        return 2;
    }
    std::string const connection = argv[2];
    klamm::Postgres database{connection};
    auto app = order_saga::make_app([](std::int64_t cents) { return cents <= 1'000; });
    order_saga::add_database(app, database, connection);
    argv[2] = argv[0];
    return klamm::run(app, argc - 2, argv + 2);
}
