using System.Collections.Generic;
using System.Linq;

namespace Hypervisor.Tool.ImageBuild;

/// <summary>The last step of an image's build: checks what the linker made, and embeds the symbols.</summary>
public static class ImageFinisher
{
    /// <summary>The section of the symbol table.</summary>
    public const string SymbolSection = ".hvsyms";

    /// <summary>Checks an image and embeds its symbols.</summary>
    /// <param name="image">The linked image.</param>
    /// <param name="map">The linker's map.</param>
    /// <param name="objects">The objects it was linked from.</param>
    /// <param name="rules">What it must look like.</param>
    /// <exception cref="ImageRefusedException">A check failed.</exception>
    public static FinishedImage Finish(PeImage image, string map, IReadOnlyList<CoffFile> objects, ImageRules rules)
    {
        // The other checks read the sections: headers first.
        Refuse(PeCheck.Run(image, rules));
        ImageGraph graph = ImageGraph.Build(objects, rules);
        IReadOnlyList<MapSymbol> functions = LinkerMap.Functions(map, image);
        Refuse(
        [
            .. SymbolCheck.Run(graph),
            .. ExitPathCheck.Run(graph, rules),
            .. GuestVectorCheck.Run(graph, rules),
            .. InstructionCheck.Run(image, functions, rules),
        ]);

        byte[] file = SectionAppender.Append(image, SymbolSection, SymbolTableWriter.Write(functions));
        PeImage finished = new(SymbolSection, file);
        string sections = string.Join(' ', finished.Sections.Select(s => $"{s.Name}={s.VirtualSize}"));
        return new FinishedImage(file, functions.Count, CountExitPath(graph, rules), sections);
    }

    private static int CountExitPath(ImageGraph graph, ImageRules rules)
    {
        IEnumerable<ImageNode> roots = rules.Roots.Concat(rules.OptionalRoots).Select(graph.Find).OfType<ImageNode>();
        return roots.SelectMany(r => new Reach(r, _ => false).Nodes).Where(n => n.IsCode).Distinct().Count();
    }

    private static void Refuse(IEnumerable<string> problems)
    {
        string[] all = [.. problems];
        if (all.Length != 0)
        {
            throw new ImageRefusedException(all);
        }
    }
}
