"""Products, prices and terms over HTTP: the forms of what is sent, and what comes back."""

from oneshelf.api.products import CatalogueRow
from oneshelf.connect.catalogues.form import FIELDS


def test_a_row_can_say_all_that_a_file_can():
    assert set(CatalogueRow.__struct_fields__) == set(FIELDS)


def test_a_product_is_put_priced_and_priced_again(client, bearer):
    head = bearer("planner")
    row = {
        "id": "cake",
        "name": "Cake",
        "gtin": "4006381333931",
        "price": "4.50",
        "currency": "EUR",
        "starts_on": "2026-03-01",
        "cost": 2.1,
        "supplier": "bakery",
    }
    for dry_run, total in ((True, 0), (False, 1)):
        answer = client.post("/v1/products", headers=head, json={"rows": [row], "dry_run": dry_run})
        assert answer.json()["products"] == {"new": 1, "changed": 0, "same": 0}
        assert client.get("/v1/products?text=4006381333931", headers=head).json()["total"] == total
    price = {
        "product_id": "cake",
        "starts_on": "2026-03-05",
        "amount_minor": 400,
        "currency": "EUR",
        "kind": "promotion",
    }
    assert client.post("/v1/prices", headers=head, json={"prices": [price]}).json() == {
        "new": 1,
        "same": 0,
        "dry_run": False,
    }
    assert client.get("/v1/prices/cake?on=2026-03-05", headers=head).json()["price"]["amount_minor"] == 400
    told = client.get("/v1/prices/cake/history?from=2026-03-01&to=2026-03-31", headers=bearer("store")).json()
    assert [span["price"]["amount_minor"] for span in told["spans"]] == [450, 400]
    assert [record["recorded_by"] for record in told["records"]] == ["planner", "planner"]
    assert client.post("/v1/prices/withdrawals", headers=head, json=price).status_code == 200
    assert client.get("/v1/prices/cake?on=2026-03-05", headers=head).json()["price"]["amount_minor"] == 450
    terms = client.get("/v1/supply-terms?product=cake", headers=head).json()
    assert [(term["supplier_id"], term["cost_minor"]) for term in terms] == [("bakery", 210)]
    assert client.get("/v1/products/cake", headers=bearer("store")).json()["terms"] == []


def test_every_problem_of_a_body_is_told_with_its_place(client, bearer):
    rows = [
        {"id": "a", "name": "A"},
        {"name": "No id"},
        {"id": "b", "name": "B", "gtin": "1", "price": "much"},
    ]
    answer = client.post("/v1/products", headers=bearer("planner"), json={"rows": rows})
    assert answer.status_code == 422
    assert [(one["at"], one["field"]) for one in answer.json()["problems"]] == [
        (1, "id"),
        (2, "gtin"),
        (2, "price"),
    ]
    assert client.post("/v1/products", headers=bearer("store"), json={"rows": rows[:1]}).status_code == 403
