import hashlib
import sqlite3

db = sqlite3.connect("users.db")


def login(name, password):
    digest = hashlib.md5(password.encode()).hexdigest()
    query = f"SELECT id FROM users WHERE name = '{name}' AND password = '{digest}'"
    row = db.execute(query).fetchone()
    return row[0] if row else None
