namespace Hypervisor.Tool.Emulators;

/// <summary>A machine of VMware Workstation, on the host's own processor.</summary>
public sealed record VmwareOptions : MachineOptions
{
    /// <inheritdoc/>
    public override EmulatorKind Emulator => EmulatorKind.Vmware;

    /// <inheritdoc/>
    public override Machine Create(RunFolder folder) => new VmwareMachine(this, folder);
}
