"""Crawl the measured site with Scrapy: one Markdown file per page, written with html-to-markdown.

python scrapy_spider.py URL FOLDER CONNECTIONS
"""

import sys
from pathlib import Path
from urllib.parse import urlsplit

import html_to_markdown
from scrapy import Spider
from scrapy.crawler import CrawlerProcess
from scrapy.linkextractors import LinkExtractor

start, folder, connections = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])


class Documentation(Spider):
    name = "documentation"
    start_urls = (start,)
    links = LinkExtractor(allow_domains=[urlsplit(start).netloc])

    def parse(self, response):
        name = urlsplit(response.url).path[1:].replace("/", "_") or "index.html"
        converted = html_to_markdown.convert(response.text)
        (folder / f"{name}.md").write_text(converted if isinstance(converted, str) else converted.content)
        for link in self.links.extract_links(response):
            yield response.follow(link)


folder.mkdir(parents=True, exist_ok=True)
process = CrawlerProcess(
    {
        "CONCURRENT_REQUESTS": connections,
        "CONCURRENT_REQUESTS_PER_DOMAIN": connections,
        "DOWNLOAD_DELAY": 0,
        "LOG_ENABLED": False,
        "TELNETCONSOLE_ENABLED": False,
        "ROBOTSTXT_OBEY": False,
    }
)
process.crawl(Documentation)
process.start()
