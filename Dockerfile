# The Dagster UI with graphtutor; docker-compose.yml runs it beside Neo4j.
FROM python:3.11-slim
WORKDIR /app
COPY . .
RUN pip install --no-cache-dir -c constraints.txt .
RUN mkdir -p /data/workspace/dagster
EXPOSE 3000
CMD ["dagster", "dev", "-m", "dagster_project.definitions", "-h", "0.0.0.0", "-p", "3000"]
