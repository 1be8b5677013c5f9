namespace Hypervisor.Tests.Unit.Tool;

/// <summary>One entry of an archive as the reader found it.</summary>
internal sealed record NewcEntry(string Name, uint Inode, uint Mode, uint Major, uint Minor, byte[] Content);
