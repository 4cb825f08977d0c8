def test_whoever_asks_learns_that_the_process_lives_without_a_query(client, django_assert_num_queries, db):
    with django_assert_num_queries(0):
        reply = client.get("/healthz")
    assert (reply.status_code, reply.content) == (200, b"ok\n")
    assert "no-store" in reply["Cache-Control"]
    assert not reply.cookies


def test_only_reading_is_answered(client, db):
    assert client.post("/healthz").status_code == 405


def test_a_load_balancer_that_asks_over_plain_http_is_not_sent_elsewhere(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    settings.SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
    assert client.get("/healthz").status_code == 200
    assert client.get("/accounts/login/").status_code == 301
