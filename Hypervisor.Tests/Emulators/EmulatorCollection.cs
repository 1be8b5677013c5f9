using Xunit;

namespace Hypervisor.Tests.Emulators;

/// <summary>Tests that share guests; one machine at a time, since each keeps all of the host's processors busy.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class EmulatorCollection : ICollectionFixture<LinuxFixture>
{
    /// <summary>The name of the collection.</summary>
    public const string Name = "Emulators";
}
