namespace Hypervisor.Tests.Models.Ahci;

/// <summary>Registers of the controller (AHCI 1.3.1 §3.1), and where those of the ports are.</summary>
internal enum HostRegister
{
    Capabilities = 0x00,
    Control = 0x04,
    InterruptStatus = 0x08,
    PortsImplemented = 0x0C,
    Version = 0x10,
    Capabilities2 = 0x24,
    HandOff = 0x28,
    Ports = 0x100,
    PortSize = 0x80,
}
