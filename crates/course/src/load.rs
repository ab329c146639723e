//! Making a course of its folder.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::folder::{Folder, of_file};
use crate::glossary::{self, Glossary};
use crate::highlight::Colours;
use crate::ids::LessonId;
use crate::lang::Lang;
use crate::lesson::{File, Known};
use crate::manifest::{self, Manifest, ManifestUnit};
use crate::map;
use crate::model::{Course, Heading, Lesson, Row, Unit};
use crate::pair::{self, Read};
use crate::parallel;
use crate::problem::{Problem, Problems};
use crate::render::{Env, HEADING_ID, HeadingLink};
use crate::source::{Source, Spot};

/// How many of a page's headings are told to whoever linked to one that is not there.
const HEADINGS_SHOWN: usize = 30;

/// Links of one page, and which headings it has.
struct PageLinks<'a> {
    source: &'a Source<'a>,
    lang: Lang,
    links: Vec<HeadingLink>,
}

/// What became of a lesson's files.
#[derive(Default)]
struct ReadLesson<'a> {
    lesson: Option<Lesson>,
    links: Vec<PageLinks<'a>>,
    /// The terms of the glossary that it links to.
    terms: BTreeSet<String>,
    problems: Vec<Problem>,
}

impl Course {
    /// Reads the course in this folder, checks all of it and renders every page.
    ///
    /// # Errors
    /// Every problem of the course, at once.
    pub fn load(dir: &Path) -> Result<Self, Problems> {
        let (course, problems) = Self::preview(dir);
        Self::whole(course, problems)
    }

    /// Checks the course in this folder as [`Course::load`] does, but quickly: the code on its pages
    /// is not coloured. What it returns is to be asked about (its scripts, its rows), not to be shown.
    ///
    /// # Errors
    /// Every problem of the course, at once.
    pub fn lint(dir: &Path) -> Result<Self, Problems> {
        let mut problems = Vec::new();
        let course = Folder::read(dir, &mut problems).course(false, &mut problems);
        Self::whole(course, problems)
    }

    /// A course that stands in no folder: texts by their path, and no images.
    ///
    /// # Errors
    /// Every problem of the course, at once.
    pub(crate) fn of_texts<const N: usize>(texts: [(&str, String); N]) -> Result<Self, Problems> {
        let texts = texts.map(|(path, text)| (path.to_owned(), text));
        let folder = Folder {
            texts: texts.into(),
            ..Folder::default()
        };
        let mut problems = Vec::new();
        let course = folder.course(false, &mut problems);
        Self::whole(course, problems)
    }

    fn whole(course: Option<Self>, problems: Vec<Problem>) -> Result<Self, Problems> {
        match (course, Problems::of(problems)) {
            (Some(course), None) => Ok(course),
            (_, Some(problems)) => Err(problems),
            (None, None) => Err(Problems::one(no_course())),
        }
    }

    /// The course in this folder as far as it can be shown, with every problem of it: for its author's
    /// eyes, while it is being written. `None` where `course.toml` cannot be read. Only a course
    /// without problems is one to teach.
    #[must_use]
    pub fn preview(dir: &Path) -> (Option<Self>, Vec<Problem>) {
        let mut problems = Vec::new();
        let course = Folder::read(dir, &mut problems).course(true, &mut problems);
        let problems = Problems::of(problems).map(Problems::into_vec);
        (course, problems.unwrap_or_default())
    }
}

impl Folder {
    fn course(&self, coloured: bool, problems: &mut Vec<Problem>) -> Option<Course> {
        let text = self.texts.get(manifest::NAME)?;
        let source = Source::new(manifest::NAME, text);
        let manifest = manifest::read(&source, text, problems)?;
        let listed = self.listed(&manifest, &source, problems);
        self.unlisted(&listed, problems);

        let texts: Vec<_> = self.texts.iter().collect();
        let lines = parallel::map(&texts, |&(path, text)| Source::new(path, text));
        let paths = self.texts.keys().map(String::as_str);
        let sources: BTreeMap<&str, Source<'_>> = paths.zip(lines).collect();
        let rows = self.map(&manifest, &sources, problems);
        let row_ids: Option<BTreeSet<String>> = rows
            .as_ref()
            .map(|rows| rows.iter().map(|row| row.id.clone()).collect());
        let glossary = self.glossary(&manifest, &sources, problems);
        let term_ids = glossary.as_ref().map(Glossary::ids);
        // Without a glossary there are no terms; of one that cannot be read they are not known.
        let term_ids = match term_ids {
            None if !self.has(glossary::NAME) => Some(BTreeSet::new()),
            ids => ids,
        };
        let colours = Colours::default();
        let base = Env {
            lang: manifest.default_lang,
            lesson: None,
            lessons: &listed,
            images: &self.images,
            rows: row_ids.as_ref(),
            terms: term_ids.as_ref(),
            colours: coloured.then_some(&colours),
        };
        let mut used_terms = BTreeSet::new();
        let concepts = manifest
            .concepts
            .iter()
            .map(|concept| concept.id.clone())
            .collect();
        let mut units: Vec<Unit> = Vec::new();
        let mut ids = Vec::new();
        for (index, unit) in manifest.units.iter().enumerate() {
            let names = unit.lessons.iter();
            ids.extend(
                names.filter_map(|(name, _)| Some((index, LessonId::new(&unit.id, name).ok()?))),
            );
            units.push(Unit {
                id: unit.id.clone(),
                title: unit.title.clone(),
                lessons: Vec::new(),
            });
        }
        let read = parallel::map(&ids, |(_, id)| {
            self.lesson(id, &manifest, base, &sources, &concepts)
        });
        let mut page_links = Vec::new();
        for ((unit, _), mut read) in ids.iter().zip(read) {
            problems.append(&mut read.problems);
            used_terms.append(&mut read.terms);
            page_links.append(&mut read.links);
            units[*unit].lessons.extend(read.lesson);
        }
        let terms = glossary.as_ref().map(|glossary| {
            glossary.unused(&used_terms, problems);
            let (terms, links) = glossary.terms(base, problems);
            page_links.extend(links.into_iter().map(|(lang, links)| PageLinks {
                source: glossary.source(),
                lang,
                links,
            }));
            terms
        });
        let course = Course {
            title: manifest.title,
            default_lang: manifest.default_lang,
            languages: manifest.languages,
            concepts: manifest.concepts,
            units,
            rows: rows.unwrap_or_default(),
            glossary: terms.unwrap_or_default(),
            fingerprint: self.fingerprint(),
        };
        dead_headings(&course, &page_links, problems);
        Some(course)
    }

    /// Reads the glossary. `None` when the course has none that can be read.
    fn glossary<'s>(
        &self,
        manifest: &Manifest,
        sources: &'s BTreeMap<&str, Source<'s>>,
        problems: &mut Vec<Problem>,
    ) -> Option<Glossary<'s>> {
        let text = self.texts.get(glossary::NAME)?;
        let source = sources.get(glossary::NAME)?;
        glossary::read(source, text, manifest, problems)
    }

    /// Reads the map. `None` when the course has none that can be read.
    fn map<'s>(
        &self,
        manifest: &Manifest,
        sources: &'s BTreeMap<&str, Source<'s>>,
        problems: &mut Vec<Problem>,
    ) -> Option<Vec<Row>> {
        let text = self.texts.get(map::NAME)?;
        let source = sources.get(map::NAME)?;
        map::read(source, text, manifest, problems)
    }

    /// Reads a lesson in all its languages.
    fn lesson<'s>(
        &self,
        id: &LessonId,
        manifest: &Manifest,
        base: Env<'_>,
        sources: &'s BTreeMap<&str, Source<'s>>,
        concepts: &BTreeSet<String>,
    ) -> ReadLesson<'s> {
        let mut read = ReadLesson::default();
        let mut files = self.files(id, manifest, base, sources, &mut read.problems);
        for Read { source, file } in &mut files {
            read.terms.append(&mut file.terms.clone());
            read.links.push(PageLinks {
                source,
                lang: file.lang,
                links: std::mem::take(&mut file.heading_links),
            });
        }
        let mut files = files.into_iter();
        let default = files
            .next()
            .filter(|read| read.file.lang == manifest.default_lang);
        read.lesson = default.map(|default| {
            pair::lesson(id, default, files.collect(), concepts, &mut read.problems)
        });
        read
    }

    /// Reads a lesson's files, the default language's first.
    fn files<'s>(
        &self,
        id: &LessonId,
        manifest: &Manifest,
        base: Env<'_>,
        sources: &'s BTreeMap<&str, Source<'s>>,
        problems: &mut Vec<Problem>,
    ) -> Vec<Read<'s>> {
        let mut known: Option<Known> = None;
        let mut reads = Vec::new();
        for lang in &manifest.languages {
            let Some(source) = sources.get(format!("{id}.{lang}.md").as_str()) else {
                continue;
            };
            let env = Env {
                lang: *lang,
                lesson: Some(id),
                ..base
            };
            let mut file = File::read(env, source, known.as_ref());
            problems.append(&mut file.problems);
            if *lang == manifest.default_lang {
                known = Some(std::mem::take(&mut file.known));
            }
            reads.push(Read { source, file });
        }
        reads
    }

    /// The lessons that the manifest lists; says which of their files are missing.
    fn listed(
        &self,
        manifest: &Manifest,
        source: &Source<'_>,
        problems: &mut Vec<Problem>,
    ) -> BTreeSet<LessonId> {
        let mut listed = BTreeSet::new();
        let all = manifest.units.iter().flat_map(|unit: &ManifestUnit| {
            unit.lessons
                .iter()
                .map(move |(name, spot)| (unit, name, *spot))
        });
        for (unit, name, spot) in all {
            let Ok(id) = LessonId::new(&unit.id, name) else {
                continue;
            };
            for lang in &manifest.languages {
                let path = format!("{id}.{lang}.md");
                if !self.has(&path) {
                    problems.extend(missing(source, spot, &path, *lang == manifest.default_lang));
                }
            }
            listed.insert(id);
        }
        listed
    }

    /// Complains about lessons that no unit lists.
    fn unlisted(&self, listed: &BTreeSet<LessonId>, problems: &mut Vec<Problem>) {
        for path in self.texts.keys().filter(|path| path.ends_with(".md")) {
            let stem = path.strip_suffix(".md").unwrap_or(path);
            let id = stem
                .rsplit_once('.')
                .filter(|(_, lang)| lang.parse::<Lang>().is_ok())
                .and_then(|(id, _)| id.parse::<LessonId>().ok());
            if !id.is_some_and(|id| listed.contains(&id)) {
                problems.push(Problem {
                    code: "unlisted-lesson",
                    ..of_file(
                        path,
                        "no unit lists this lesson".to_owned(),
                        "add its name to its unit's `lessons` in course.toml; a lesson's file is `unit/name.ko.md`",
                    )
                });
            }
        }
    }
}

fn missing(source: &Source<'_>, spot: Spot, path: &str, is_default: bool) -> Option<Problem> {
    let message = if is_default {
        format!("there is no file `{path}`")
    } else {
        format!("the lesson has no translation `{path}`")
    };
    source.problem(
        spot,
        "missing-file",
        message,
        "write it, or take the lesson out of the list",
    )
}

fn dead_headings(course: &Course, pages: &[PageLinks<'_>], problems: &mut Vec<Problem>) {
    let lessons: BTreeMap<&LessonId, &Lesson> = course
        .lessons()
        .map(|lesson| (&lesson.id, lesson))
        .collect();
    // What headings a page has, and what to say to whoever links to another.
    let mut known: BTreeMap<(&LessonId, Lang), (BTreeSet<&str>, String)> = BTreeMap::new();
    for page in pages {
        for link in &page.links {
            let Some(lesson) = lessons.get(&link.lesson) else {
                continue;
            };
            let (all, help) = known.entry((&lesson.id, page.lang)).or_insert_with(|| {
                let names = headings(&lesson.pages.get(page.lang).toc);
                (names.iter().copied().collect(), headings_told(&names))
            });
            if !all.contains(link.heading.as_str()) {
                problems.extend(page.source.problem(
                    link.spot,
                    "dead-link",
                    format_args!("`{}` has no heading `#{}`", link.lesson, link.heading),
                    help,
                ));
            }
        }
    }
}

/// The ids of a page's headings as authors link to them.
fn headings(toc: &[Heading]) -> Vec<&str> {
    let ids = toc.iter().map(|heading| heading.id.as_str());
    ids.filter_map(|id| id.strip_prefix(HEADING_ID)).collect()
}

fn headings_told(names: &[&str]) -> String {
    match names {
        [] => "it has no headings of the levels ## and ###".to_owned(),
        all if all.len() <= HEADINGS_SHOWN => format!("its headings are {}", all.join(", ")),
        all => format!("its headings are {} …", all[..HEADINGS_SHOWN].join(", ")),
    }
}

fn no_course() -> Problem {
    of_file(
        manifest::NAME,
        "there is no course here".to_owned(),
        "a course is a folder with course.toml and a folder per unit",
    )
}
