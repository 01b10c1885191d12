"""The catalogue's pages: finding a product, and setting its price by a form."""

import re


def test_a_planner_sets_a_price_by_the_form_and_sees_it_in_the_history(as_role):
    client = as_role("planner")
    page = client.get("/catalogue/product-3").text
    token = re.search(r'name="csrf" value="([^"]+)"', page)[1]
    form = {
        "csrf": token,
        "currency": "CNY",
        "kind": "regular",
        "where": "place:store-1",
        "starts_on": "2026-01-05",
        "ends_on": "",
    }
    refused = client.post("/catalogue/product-3", data=form | {"amount": "much"})
    assert refused.status_code == 422
    assert "is not an amount of money" in refused.text
    assert client.post("/catalogue/product-3", data=form | {"amount": "12,50"}).status_code == 200
    assert "12.50" in client.get("/catalogue/product-3?place=store-1").text
    assert "everywhere" in client.get("/catalogue/product-3").text


def test_who_may_not_price_sees_no_form_and_no_cost(as_role):
    client = as_role("store")
    page = client.get("/catalogue/product-3").text
    assert "Set a price" not in page
    token = re.search(r'name="csrf" value="([^"]+)"', page)[1]
    form = {
        "csrf": token,
        "amount": "1",
        "kind": "regular",
        "where": "",
        "starts_on": "2026-01-05",
        "ends_on": "",
    }
    assert client.post("/catalogue/product-3", data=form).status_code == 403


def test_a_product_is_found_by_name_and_page_by_page(as_role):
    client = as_role("admin")
    found = client.get("/catalogue?q=green").text
    assert "Green tea no. 1" in found
    assert "Rye bread" not in found
    assert "/catalogue/product-1" in client.get("/search?q=green").text
