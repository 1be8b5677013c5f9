using System.Collections.Generic;

namespace Hypervisor.Tool.ImageBuild;

/// <summary>What an object file holds.</summary>
/// <param name="Name">Name of the file, for messages.</param>
/// <param name="Sections">Its sections; symbols number them from 1.</param>
/// <param name="Symbols">Its symbol table.</param>
public sealed record CoffFile(string Name, IReadOnlyList<CoffSection> Sections, IReadOnlyList<CoffSymbol> Symbols);
