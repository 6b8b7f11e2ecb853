"""From source to target: window, staging, mapping, delivery, account. Knows no vendor and no Airflow."""
