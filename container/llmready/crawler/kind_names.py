"""Names that sites in many languages use for lists, notices and forms; `kinds` uses them.

All are written as in URLs: in lower case, without diacritics, with hyphens between words.
"""

# ruff: noqa: RUF001, E501 - letters of other scripts look like Latin ones, and some are wide

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TAGS = _words("""
    tag tags tagged hashtag hashtags keyword keywords schlagwort schlagworte schlagwoerter schlagworter stichwort
    stichworte etiquette etiquettes mot-cle mots-cles etiqueta etiquetas etichetta etichette trefwoord trefwoorden
    tagi slowa-kluczowe stitek stitky znacka znacky cimke cimkek eticheta etichete etiket etiketler etikett etiketter
    nyckelord emneord stikkord avainsana avainsanat tunniste tunnisteet oznaka oznake raktazodziai
    метка метки тег теги тэг тэги ключевые-слова мітка мітки етикет етикети ετικετα ετικετες
    タグ 标签 標籤 標簽 태그 وسم وسوم برچسب תגית תגיות แท็ก
""")
CATEGORIES = _words("""
    category categories cat kategorie kategorien rubrik rubriken rubrique rubriques categorie categories categoria
    categorias kategoria kategorie kategorije kategorija kategori kategorier kategoriler kategoriat luokka luokat
    kategoriak rubrica rubricas rubriche rubryka rubrika rubriky product-category product-categories
    categorie-produit categoria-producto categoria-prodotto produkt-kategorie produktkategorie danh-muc chuyen-muc
    категория категории рубрика рубрики категорія категорії рубрика κατηγορια κατηγοριες
    カテゴリー カテゴリ 分类 分類 类别 類別 카테고리 분류 تصنيف تصنيفات فئة دسته קטגוריה קטגוריות หมวดหมู่
""")
AUTHORS = _words("""
    author authors autor autoren autores autorin auteur auteurs autore autori autrice redakteur forfatter forfattare
    skribent tekija kirjoittaja autorzy autori szerzo szerzok yazar yazarlar tac-gia penulis
    автор авторы автори συγγραφεας 作者 著者 執筆者 글쓴이 저자 كاتب مؤلف نویسنده מחבר ผู้เขียน
""")
ARCHIVES = _words("""
    archive archives archiv archive-posts archivio archivi archivo archivos arquivo arquivos archief archieven arkiv
    arkisto archiwum archivum arhiva arsiv luu-tru arsip архив архивы архів αρχειο αρχεια
    アーカイブ 归档 歸檔 存档 보관함 أرشيف بایگانی ארכיון คลังเก็บ
""")
PAGINATION = _words("""
    page seite pagina sida side strona stranka strana oldal sayfa sivu trang halaman страница сторінка σελιδα
    ページ 页 頁 페이지 صفحة
""")
SEARCH = _words("""
    search search-results search-result suche suchergebnisse resultats-de-recherche buscar busca busqueda resultados
    cerca zoeken zoek zoekresultaten szukaj wyszukiwarka wyszukiwanie hledat hledani vyhledavani hladat sok sog haku
    kereses cautare arama poisk tim-kiem pencarian поиск пошук търсене αναζητηση 検索 搜索 搜尋 검색 بحث جستجو חיפוש
    ค้นหา
""")
SESSION = _words("""
    login log-in logon signin sign-in signup sign-up register logout wp-login lost-password forgot-password
    reset-password password-reset my-account account cart basket checkout wishlist
    anmelden anmeldung einloggen registrieren registrierung warenkorb kasse mein-konto passwort-vergessen merkliste
    connexion se-connecter inscription panier mon-compte mot-de-passe-oublie commande
    iniciar-sesion acceder carrito mi-cuenta finalizar-compra entrar cadastro carrinho minha-conta finalizar-compra
    accedi accesso registrati carrello il-mio-account inloggen registreren aanmelden winkelwagen winkelmand afrekenen
    logowanie zaloguj rejestracja koszyk moje-konto prihlaseni prihlasit registrace kosik prihlasenie registracia
    logga-in varukorg kassa mitt-konto log-ind kurv logg-inn handlekurv kirjaudu rekisteroidy ostoskori
    bejelentkezes regisztracio kosar penztar autentificare inregistrare cos-de-cumparaturi giris giris-yap uye-ol
    kayit-ol sepet prijava registracija kosarica dang-nhap dang-ky gio-hang masuk daftar keranjang
    вход войти регистрация корзина вхід реєстрація кошик συνδεση εγγραφη καλαθι
    登录 登錄 登入 注册 註冊 购物车 購物車 ログイン 会員登録 カート マイページ 로그인 회원가입 장바구니
    تسجيل-الدخول سلة ورود התחברות הרשמה เข้าสู่ระบบ
""")
SITEMAPS = _words("""
    sitemap site-map sitemaps plan-du-site plan-de-site mapa-del-sitio mapa-web mapa-do-site mapa-do-sitio mappa-del-sito
    mappa-sito seitenubersicht seitenuebersicht inhaltsverzeichnis-der-seite mapa-strony mapa-serwisu mapa-stranek
    mapa-stranky oldalterkep harta-site harta-site-ului sivukartta webbplatskarta nettstedskart oversigt-over-siden
    site-haritasi peta-situs so-do-trang zemljevid-strani mapa-weba lapas-karte svetaines-zemelapis
    карта-саита карта-на-саита мапа-саиту χαρτης-ιστοτοπου サイトマップ 网站地图 網站地圖 站点地图 사이트맵 خريطة-الموقع
    نقشه-سایت מפת-אתר מפת-האתר แผนผังเว็บไซต์
""")
"""Pages that list all pages of a site for people who search."""

ACCESSIBILITY = _words("""
    accessibility accessibility-statement accessibilite declaration-d-accessibilite declaration-accessibilite
    barrierefreiheit erklaerung-zur-barrierefreiheit erklarung-zur-barrierefreiheit accesibilidad
    declaracion-de-accesibilidad accessibilita dichiarazione-di-accessibilita acessibilidade toegankelijkheid
    toegankelijkheidsverklaring dostepnosc deklaracja-dostepnosci tillganglighet tillganglighetsredogorelse
    tilgaengelighed tilgaengelighedserklaering tilgjengelighet tilgjengelighetserklaering saavutettavuus
    saavutettavuusseloste akadalymentesites accesibilitate pristupnost prohlaseni-o-pristupnosti erisilebilirlik
    доступность ウェブアクセシビリティ הצהרת-נגישות
""")
"""Accessibility statements, which laws require. Only addresses are compared."""

FILTERS = _words("""
    sort sortby sort_by order orderby order_by dir min_price max_price price_range layout per_page perpage
    replytocom add-to-cart add_to_cart print rating_filter instock
""")

WIDGETS = _words("""
    recent-posts latest-posts newest-posts popular-posts featured-posts related-posts recent-articles latest-articles
    recent-comments recent latest popular featured trending related meta blogroll archives-by-month calendar subscribe
    related-topics related-pages related-articles next-topic previous-topic this-page quick-search on-this-page table-of-contents navigation menu
    newsletter follow-us follow-me social share connect feedback more-posts all-posts latest-news recent-news see-also
    neueste-beitrage neueste-beitraege letzte-beitrage aktuelle-beitrage beliebte-beitrage neueste-kommentare
    articles-recents derniers-articles commentaires-recents articles-populaires suivez-nous
    entradas-recientes ultimas-entradas comentarios-recientes siguenos posts-recentes artigos-recentes
    articoli-recenti ultimi-articoli commenti-recenti seguici recente-berichten laatste-berichten volg-ons
    najnowsze-wpisy ostatnie-wpisy nejnovejsi-prispevky legutobbi-bejegyzesek senaste-inlaggen seneste-indlaeg
    siste-innlegg viimeisimmat-artikkelit son-yazilar articole-recente
    последние-записи свежие-записи популярные-статьи последни-публикации останні-записи προσφατα-αρθρα
    最近の投稿 最新記事 人気記事 近期文章 最新文章 热门文章 热门标签 最新文章列表 최근-글 최신-글 احدث-المقالات أحدث-المقالات
""")
"""Titles of boxes with links to pages that belong to other parts of the site."""

STEPS = _words("""
    next previous prev up back forward older newer older-posts newer-posts next-page previous-page next-chapter
    previous-chapter weiter zuruck zurueck nachste vorherige suivant precedent siguiente anterior seguinte proximo
    successivo precedente volgende vorige nastepny poprzedni dalsi predchozi nasta foregaende naeste forrige
    seuraava edellinen kovetkezo elozo urmatorul onceki sonraki далее назад следующая предыдущая 次へ 前へ 下一页 上一页
    下一頁 上一頁 다음 이전 التالي السابق
""")
"""Labels of links to the next or previous page of a series, which are not navigation."""

LEGAL_WORDS = _words("""
    privacy cookie cookies gdpr rgpd dsgvo ccpa lgpd avg rodo kvkk legal legals terms tos disclaimer imprint impressum
    copyright license licence licenses licences dmca
    datenschutz datenschutzerklaerung datenschutzerklarung datenschutzhinweise datenschutzrichtlinie
    datenschutzinformation agb geschaeftsbedingungen geschaftsbedingungen nutzungsbedingungen
    widerrufsbelehrung widerrufsrecht widerruf haftungsausschluss impressumspflicht
    confidentialite cgv cgu legales privacidad privacidade rgpd aviso-legal juridica
    informativa confidencialidad confidencialidade privatezza legali riservatezza
    privacyverklaring privacybeleid privacyreglement cookieverklaring cookiebeleid algemene-voorwaarden voorwaarden
    gebruiksvoorwaarden proclaimer colofon
    prywatnosci prywatnosc regulamin rodo ciasteczek soukromi ochrana-osobnich-udaju osobnich obchodni gdpr sukromia
    osobnych integritetspolicy integritetspolitik personuppgiftspolicy anvandarvillkor kopvillkor
    privatlivspolitik persondatapolitik cookiepolitik handelsbetingelser personvern personvernerklaering
    tietosuoja tietosuojaseloste rekisteriseloste kayttoehdot toimitusehdot evasteet
    adatvedelem adatvedelmi adatkezelesi aszf felhasznalasi suti
    confidentialitate gizlilik cerezler cerez kullanim-kosullari aydinlatma privatnosti privatnost zasebnosti
    privatumo slapukai privatuma privaatsus privaatsuspoliitika
    bao-mat dieu-khoan privasi kebijakan-privasi
    конфиденциальности конфиденциальность персональных приватності конфіденційності поверителност бисквитки
    απορρητου απορρητο
""")
WORDS_BESIDE_LEGAL = _words("""
    policy policies notice notices statement settings preferences information infos info informations informationen
    of use uses service services sale sales and conditions condition page the your for general website site data
    protection rights center centre hinweise hinweis richtlinie erklaerung erklarung allgemeine und der zur zum von
    impressum uns rechtliche rechtlicher
    politique politiques de la le les des du d l en et mentions generales generale vente utilisation donnees
    personnelles notice protection gestion charte
    politica politicas y e o el los las del dos das da do di sulla sui per gli uso condiciones condicoes termos
    terminos aviso avisos proteccion protecao datos dados personales pessoais note noticias termini condizioni
    utilizzo trattamento dati personali nota
    beleid verklaring algemene van en het
    polityka dotyczaca plikow i strony zasady ochrony danych osobowych ochrana udaju zasady podminky podmienky
    pouzivani pravidla politika politikasi politikamiz sartlari ve kisisel verilerin korunmasi metni koruma
    integritet och om ja tietoa nyilatkozat tajekoztato szabalyzat szabalyzata feltetelek
    politici de si termeni conditii privind prelucrarea datelor cu caracter personal
    политика обработки данных политика-обработки и в отношении согласие на обработку соглашение файлов куки
    політика даних за лични данни πολιτικη και οροι χρησης
    chinh-sach chinh sach kebijakan
""")

LEGAL_PHRASES = (
    "プライバシー", "個人情報保護", "個人情報の取", "特定商取引", "利用規約", "ご利用規約", "免責事項", "サイトポリシー", "クッキーポリシー",
    "クッキ-ポリシ-", "著作権について", "隐私政策", "隐私权", "隐私声明", "隐私条款", "隱私", "服务条款", "服務條款", "使用条款", "使用條款",
    "用户协议", "免责声明", "免責聲明", "法律声明", "法律聲明", "版权声明", "版權聲明", "cookie政策", "개인정보", "이용약관", "쿠키-정책",
    "법적-고지", "سياسة-الخصوصية", "الخصوصية", "شروط-الاستخدام", "الشروط-والاحكام", "الشروط-والأحكام",
    "اخلاء-المسؤولية", "سياسة-ملفات", "حریم-خصوصی", "شرایط-استفاده", "מדיניות-פרטיות",
    "מדיניות-הפרטיות", "תנאי-שימוש", "תקנון", "הצהרת-נגישות", "นโยบายความเป็นส่วนตัว", "ข้อกำหนด",
    "नीति-गोपनीयता", "गोपनीयता", "политика-конфиденциальности", "пользовательское-соглашение",
    "условия-использования", "обработки-персональных", "умови-використання", "угода-користувача",
    "общи-условия", "πολιτικη-απορρητου", "οροι-χρησης", "προσωπικων-δεδομενων",
)  # fmt: skip
"""Names in other scripts than the Latin one; found anywhere in a short title."""

LEGAL_BEGINNINGS = (
    "general-conditions", "conditions-of-use", "conditions-of-sale", "refund-policy",
    "return-policy", "shipping-policy", "conditions-generales", "conditions-d-utilisation",
    "protection-des-donnees", "donnees-personnelles", "condiciones-de-uso", "condiciones-generales",
    "terminos-y-condiciones", "terminos-de-uso", "proteccion-de-datos", "termos-de-uso",
    "termos-e-condicoes", "condicoes-gerais", "condicoes-de-uso", "protecao-de-dados",
    "termini-e-condizioni", "termini-di-servizio", "condizioni-generali", "condizioni-d-uso",
    "note-legali", "allgemeine-geschaeftsbedingungen", "algemene-voorwaarden",
    "warunki-uzytkowania", "ochrana-osobnich-udaju", "zasady-ochrany-osobnich",
    "zasady-zpracovani-osobnich", "obchodni-podminky", "podminky-uziti", "ochrana-osobnych-udajov",
    "obchodne-podmienky", "allmanna-villkor", "vilkar-og-betingelser", "kjopsvilkar", "salgsvilkar",
    "yleiset-ehdot", "altalanos-szerzodesi", "felhasznalasi-feltetelek", "termeni-si-conditii",
    "kullanim-kosullari", "kisisel-verilerin", "mesafeli-satis", "opci-uvjeti", "uvjeti-koristenja",
    "pravila-privatnosti", "splosni-pogoji", "syarat-dan-ketentuan", "ketentuan-layanan",
    "kebijakan-privasi", "chinh-sach-bao-mat", "dieu-khoan", "privatumo-politika",
)  # fmt: skip
"""Names of several words.

One of these words alone would be too common for a legal page. At most three words may follow.
"""
