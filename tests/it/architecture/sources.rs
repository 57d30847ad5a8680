//! The sources as a parser sees them: which file names what, without tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use syn::visit::{self, Visit};

/// A module by its path: `["sigma", "matcher"]`.
pub type Module = Vec<String>;

/// What one file says.
pub struct Source {
    pub module: Module,
    /// `core/src/sigma/matcher.rs`
    pub file: String,
    /// Every path of two segments or more, as written: `crate::event::Event`, `std::fs::read`.
    pub paths: BTreeSet<Vec<String>>,
    /// `pub use`: name → path as written. They are no dependency; whoever uses the name has it.
    pub reexports: BTreeMap<String, Vec<String>>,
    pub macros: BTreeSet<String>,
    /// Types and traits that are defined here.
    pub types: BTreeSet<String>,
    /// Types with an inherent `impl` here.
    pub inherent: BTreeSet<String>,
    pub functions: Vec<Function>,
}

pub struct Function {
    pub name: String,
    pub parameters: usize,
    /// A parameter is taken apart in the signature: three values that travel together are a type.
    pub tuple_parameter: bool,
    pub lines: usize,
}

/// Where the sources of the two halves lie.
pub const ROOTS: [&str; 2] = ["src", "core/src"];

/// All files of both halves but the tests in them.
pub fn sources() -> Vec<Source> {
    let sources = without_tests(ROOTS.iter().flat_map(|root| below(root)).collect());
    assert!(sources.len() > 100, "the sources were not found");
    sources
}

fn below(root: &str) -> Vec<(Source, Vec<Module>)> {
    let mut found = Vec::new();
    let mut open = vec![(Path::new(env!("CARGO_MANIFEST_DIR")).join(root), Module::new())];
    while let Some((folder, module)) = open.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            let inner: Module = module.iter().cloned().chain([name.clone()]).collect();
            if path.is_dir() {
                open.push((path, inner));
            } else if path.extension().is_some_and(|kind| kind == "rs") && name != "lib" {
                found.push(read(&path, root, inner));
            }
        }
    }
    found
}

/// What is left without the modules that are declared for tests alone.
fn without_tests(found: Vec<(Source, Vec<Module>)>) -> Vec<Source> {
    let of_tests: BTreeSet<Module> = found.iter().flat_map(|(_, tests)| tests.clone()).collect();
    let mut sources: Vec<Source> = found.into_iter().map(|(source, _)| source).collect();
    sources.retain(|source| !of_tests.iter().any(|test| source.module.starts_with(test)));
    sources.sort_by(|a, b| a.file.cmp(&b.file));
    sources
}

fn read(path: &Path, root: &str, module: Module) -> (Source, Vec<Module>) {
    parse(&fs::read_to_string(path).expect("a source file"), root, module)
}

/// Sources that stand in no file: a path like `sigma/matcher` and its text each.
pub fn written(files: &[(&str, &str)]) -> Vec<Source> {
    let module = |path: &str| path.split('/').map(str::to_owned).collect();
    without_tests(files.iter().map(|(path, text)| parse(text, "src", module(path))).collect())
}

/// A file, and the modules that it declares for tests alone.
fn parse(text: &str, root: &str, module: Module) -> (Source, Vec<Module>) {
    let file = format!("{root}/{}.rs", module.join("/"));
    let syntax = syn::parse_file(text).unwrap_or_else(|error| panic!("{file}: {error}"));
    let source = Source {
        file,
        module,
        paths: BTreeSet::new(),
        reexports: BTreeMap::new(),
        macros: BTreeSet::new(),
        types: BTreeSet::new(),
        inherent: BTreeSet::new(),
        functions: Vec::new(),
    };
    let mut reader = Reader { source, tests: Vec::new() };
    reader.visit_file(&syntax);
    (reader.source, reader.tests)
}

struct Reader {
    source: Source,
    tests: Vec<Module>,
}

fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let text = attribute.meta.path().get_ident().map(ToString::to_string);
        let condition = attribute.meta.require_list().map(|list| list.tokens.to_string()).unwrap_or_default();
        text.as_deref() == Some("test") || text.as_deref() == Some("cfg") && condition == "test"
    })
}

fn attributes_of(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

impl Reader {
    fn function(&mut self, signature: &syn::Signature, lines: usize) {
        let is_tuple = |input: &syn::FnArg| match input {
            syn::FnArg::Typed(typed) => matches!(*typed.pat, syn::Pat::Tuple(_)),
            syn::FnArg::Receiver(_) => false,
        };
        self.source.functions.push(Function {
            name: signature.ident.to_string(),
            parameters: signature.inputs.len(),
            tuple_parameter: signature.inputs.iter().any(is_tuple),
            lines,
        });
    }

    fn flatten(&mut self, tree: &syn::UseTree, before: &[String], public: bool) {
        let with = |name: String| before.iter().cloned().chain([name]).collect::<Vec<_>>();
        let (name, path) = match tree {
            syn::UseTree::Path(path) => {
                return self.flatten(&path.tree, &with(path.ident.to_string()), public);
            }
            syn::UseTree::Group(group) => {
                return group.items.iter().for_each(|tree| self.flatten(tree, before, public));
            }
            syn::UseTree::Name(name) if name.ident == "self" => (String::new(), before.to_vec()),
            syn::UseTree::Name(name) => (name.ident.to_string(), with(name.ident.to_string())),
            syn::UseTree::Rename(rename) => (rename.rename.to_string(), with(rename.ident.to_string())),
            syn::UseTree::Glob(_) => (String::new(), before.to_vec()),
        };
        let name = if name.is_empty() { path.last().cloned().unwrap_or_default() } else { name };
        if public {
            self.source.reexports.insert(name, path);
        } else {
            self.source.paths.insert(path);
        }
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !is_for_tests(attributes_of(item)) {
            visit::visit_item(self, item);
        } else if let syn::Item::Mod(module) = item {
            let module = self.source.module.iter().cloned().chain([module.ident.to_string()]);
            self.tests.push(module.collect());
        }
    }

    fn visit_impl_item(&mut self, item: &'ast syn::ImplItem) {
        let attributes = match item {
            syn::ImplItem::Fn(item) => &item.attrs,
            syn::ImplItem::Const(item) => &item.attrs,
            _ => return visit::visit_impl_item(self, item),
        };
        if !is_for_tests(attributes) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.flatten(&item.tree, &[], !matches!(item.vis, syn::Visibility::Inherited));
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            let segments = path.segments.iter().map(|segment| segment.ident.to_string());
            self.source.paths.insert(segments.collect());
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.source.macros.insert(item.path.segments.last().expect("a name").ident.to_string());
        // What a macro makes of its tokens is unknown; paths among them are paths.
        let text = item.tokens.to_string();
        let words: Vec<&str> = text.split_whitespace().collect();
        for run in words.split(|word| *word != "::" && !word.chars().all(|c| c.is_alphanumeric() || c == '_'))
        {
            let joined = run.join(" ");
            for path in joined.replace(" :: ", "::").split(' ').filter(|path| path.contains("::")) {
                self.source.paths.insert(path.split("::").map(str::to_owned).collect());
            }
        }
        visit::visit_macro(self, item);
    }

    fn visit_item_struct(&mut self, item: &'ast syn::ItemStruct) {
        self.source.types.insert(item.ident.to_string());
        visit::visit_item_struct(self, item);
    }

    fn visit_item_enum(&mut self, item: &'ast syn::ItemEnum) {
        self.source.types.insert(item.ident.to_string());
        visit::visit_item_enum(self, item);
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.source.types.insert(item.ident.to_string());
        visit::visit_item_trait(self, item);
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        self.source.types.insert(item.ident.to_string());
        visit::visit_item_type(self, item);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if let (None, syn::Type::Path(path)) = (&item.trait_, &*item.self_ty) {
            let name = path.path.segments.last().expect("a name").ident.to_string();
            self.source.inherent.insert(name);
        }
        visit::visit_item_impl(self, item);
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig, lines_of(item.sig.fn_token.span, &item.block));
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig, lines_of(item.sig.fn_token.span, &item.block));
        visit::visit_impl_item_fn(self, item);
    }
}

fn lines_of(start: proc_macro2::Span, block: &syn::Block) -> usize {
    block.brace_token.span.close().end().line - start.start().line + 1
}

/// The modules, to tell whom a path leads to.
pub struct Map<'s> {
    by_module: BTreeMap<&'s [String], &'s Source>,
}

impl<'s> Map<'s> {
    pub fn new(sources: &'s [Source]) -> Self {
        Self { by_module: sources.iter().map(|source| (source.module.as_slice(), source)).collect() }
    }

    /// A path as written in a file, from the root of our modules; `None` if it leads outside.
    pub fn absolute(&self, source: &Source, path: &[String]) -> Option<Module> {
        let mut base = source.module.clone();
        let mut rest = path;
        match rest.first()?.as_str() {
            "crate" => (base, rest) = (Module::new(), rest.get(1..)?),
            "self" => rest = rest.get(1..)?,
            "super" => {
                while rest.first().is_some_and(|segment| segment == "super") {
                    base.pop();
                    rest = rest.get(1..)?;
                }
            }
            first => {
                let child: Module = base.iter().cloned().chain([first.to_owned()]).collect();
                self.by_module.get(child.as_slice())?;
            }
        }
        Some(base.into_iter().chain(rest.iter().cloned()).collect())
    }

    /// The file that defines what an absolute path names, beyond all re-exports.
    pub fn owner(&self, path: &[String]) -> Option<&'s Source> {
        let mut path = path.to_vec();
        for _ in 0..8 {
            let length = (1..=path.len()).rev().find(|end| self.by_module.contains_key(&path[..*end]))?;
            let source = self.by_module[&path[..length]];
            let Some(target) = path.get(length).and_then(|name| source.reexports.get(name)) else {
                return Some(source);
            };
            let Some(mut onward) = self.absolute(source, target) else { return Some(source) };
            onward.extend(path.get(length + 1..).into_iter().flatten().cloned());
            path = onward;
        }
        None
    }
}

/// Sets of files that need each other, each sorted. That a module inside another looks up to it is no circle.
pub fn circles(sources: &[Source]) -> Vec<BTreeSet<String>> {
    let map = Map::new(sources);
    let mut needs: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for source in sources {
        let targets = source.paths.iter().filter_map(|path| map.owner(&map.absolute(source, path)?));
        let others = targets.filter(|other| !source.module.starts_with(&other.module));
        needs.entry(&source.file).or_default().extend(others.map(|other| other.file.as_str()));
    }
    let reach: BTreeMap<&str, BTreeSet<&str>> =
        needs.keys().map(|file| (*file, reachable(file, &needs))).collect();
    let mut found: Vec<BTreeSet<String>> = Vec::new();
    for file in needs.keys().filter(|file| reach[**file].contains(**file)) {
        let ring = reach[file].iter().filter(|other| reach[**other].contains(file));
        let ring: BTreeSet<String> = ring.map(|other| (*other).to_owned()).collect();
        if !found.contains(&ring) {
            found.push(ring);
        }
    }
    found
}

fn reachable<'f>(file: &str, needs: &BTreeMap<&'f str, BTreeSet<&'f str>>) -> BTreeSet<&'f str> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<&str> = needs.get(file).into_iter().flatten().copied().collect();
    while let Some(next) = open.pop() {
        if seen.insert(next) {
            open.extend(needs.get(next).into_iter().flatten().copied());
        }
    }
    seen
}
