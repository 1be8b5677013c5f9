namespace Hypervisor.Tool.ImageBuild;

/// <summary>A symbol of the linked image.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Address">Its offset in the loaded image.</param>
public readonly record struct MapSymbol(string Name, uint Address);
