namespace Hypervisor.Core.Cpu;

/// <summary>
/// The one seam to the hardware: the instructions C# cannot express. In the image each method is a machine-code stub written with Iced
/// (Hypervisor.Tool/Stubs); in the ordinary build it goes to the <c>IProcessor</c> that a test has plugged in.
/// </summary>
public static unsafe partial class Instructions
{
    /// <summary>CPUID (Intel SDM vol 2, CPUID).</summary>
    /// <param name="leaf">EAX.</param>
    /// <param name="subleaf">ECX.</param>
    /// <param name="result">Where the four registers go.</param>
    public static partial void Cpuid(uint leaf, uint subleaf, CpuidResult* result);

    /// <summary>CPUID for the guest: leaf and subleaf from RAX and RCX, the answer into RAX, RBX, RCX and RDX, as the instruction itself does.</summary>
    /// <returns>The subleaf, which the answer has replaced.</returns>
    public static partial uint CpuidForGuest(GuestRegisters* registers);

    /// <summary>RDMSR of a register known to exist: a fault here is a defect of the host.</summary>
    public static partial ulong ReadMsr(uint msr);

    /// <summary>WRMSR of a register and value known to be accepted: a fault here is a defect of the host.</summary>
    public static partial void WriteMsr(uint msr, ulong value);

    /// <summary>RDMSR that may fault. Nonzero and the value stored when the register exists, 0 when it raised #GP.</summary>
    public static partial uint TryReadMsr(uint msr, ulong* value);

    /// <summary>WRMSR that may fault. Nonzero when the processor took the value, 0 when it raised #GP.</summary>
    public static partial uint TryWriteMsr(uint msr, ulong value);

    /// <summary>XSETBV that may fault. Nonzero when the processor took the value, 0 when it raised an exception.</summary>
    public static partial uint TryWriteXcr(uint index, ulong value);

    /// <summary>MOV from CR0.</summary>
    public static partial ulong ReadCr0();

    /// <summary>MOV from CR2.</summary>
    public static partial ulong ReadCr2();

    /// <summary>MOV from CR3.</summary>
    public static partial ulong ReadCr3();

    /// <summary>MOV to CR3: translations that are not global are dropped.</summary>
    public static partial void WriteCr3(ulong value);

    /// <summary>MOV from CR4.</summary>
    public static partial ulong ReadCr4();

    /// <summary>MOV to CR4.</summary>
    public static partial void WriteCr4(ulong value);

    /// <summary>MOV to CR2.</summary>
    public static partial void WriteCr2(ulong value);

    /// <summary>MOV from CR8.</summary>
    public static partial ulong ReadCr8();

    /// <summary>MOV from DR6.</summary>
    public static partial ulong ReadDr6();

    /// <summary>MOV to DR6.</summary>
    public static partial void WriteDr6(ulong value);

    /// <summary>MOV from DR7.</summary>
    public static partial ulong ReadDr7();

    /// <summary>Sets DR0 to DR3 to zero, as INIT does (Intel SDM vol 3 table 9-1).</summary>
    public static partial void ClearDebugAddresses();

    /// <summary>PUSHF.</summary>
    public static partial ulong ReadRFlags();

    /// <summary>CLI.</summary>
    public static partial void DisableInterrupts();

    /// <summary>Reads the segment selector of CS, DS, ES, SS, FS or GS, LDTR or TR.</summary>
    public static partial ushort ReadSelector(SegmentName segment);

    /// <summary>SGDT.</summary>
    public static partial void StoreGdt(DescriptorTableRegister* destination);

    /// <summary>SIDT.</summary>
    public static partial void StoreIdt(DescriptorTableRegister* destination);

    /// <summary>IN, one byte.</summary>
    public static partial byte In8(ushort port);

    /// <summary>OUT, one byte.</summary>
    public static partial void Out8(ushort port, byte value);

    /// <summary>IN, two bytes.</summary>
    public static partial ushort In16(ushort port);

    /// <summary>OUT, two bytes.</summary>
    public static partial void Out16(ushort port, ushort value);

    /// <summary>IN, four bytes.</summary>
    public static partial uint In32(ushort port);

    /// <summary>OUT, four bytes.</summary>
    public static partial void Out32(ushort port, uint value);

    /// <summary>RDTSC: ticks since reset.</summary>
    public static partial ulong ReadTimestamp();

    /// <summary>PAUSE.</summary>
    public static partial void Pause();

    /// <summary>HLT with interrupts off, for ever.</summary>
    public static partial void Halt();

    /// <summary>WBINVD.</summary>
    public static partial void WriteBackInvalidate();

    /// <summary>UD2: ends in the host's fault report, which prints the reason that <c>FailFast</c> left.</summary>
    public static partial void Undefined();

    /// <summary>Opens the global interrupt flag for a moment so that pending NMIs reach the host's handler (AMD APM vol 2 §15.17).</summary>
    public static partial void OpenGlobalInterruptWindow();

    /// <summary>
    /// Lets the local APIC deliver what is pending, for a moment: the host's entries for interrupts return at once, so that each moves from requested to in
    /// service.
    /// </summary>
    public static partial void OpenInterruptWindow();

    /// <summary><see cref="OpenInterruptWindow"/> with the global interrupt flag set meanwhile (AMD APM vol 2 §15.17).</summary>
    public static partial void OpenInterruptWindowUnderGif();

    /// <summary>VMSAVE (AMD APM vol 2 §15.14): stores FS, GS, TR, LDTR and the system-call MSRs.</summary>
    public static partial void VmSave(ulong vmcbPhysicalAddress);

    /// <summary>MOV of four bytes from device memory: never merged, moved or repeated.</summary>
    public static partial uint ReadMmio32(ulong address);

    /// <summary>MOV of four bytes to device memory: never merged, moved or repeated.</summary>
    public static partial void WriteMmio32(ulong address, uint value);

    /// <summary>Reads a byte of device memory.</summary>
    public static partial byte ReadMmio8(ulong address);

    /// <summary>Reads 16 bits of device memory in one piece.</summary>
    public static partial ushort ReadMmio16(ulong address);

    /// <summary>Reads 64 bits of device memory in one piece.</summary>
    public static partial ulong ReadMmio64(ulong address);

    /// <summary>Writes a byte of device memory.</summary>
    public static partial void WriteMmio8(ulong address, byte value);

    /// <summary>Writes 16 bits of device memory in one piece.</summary>
    public static partial void WriteMmio16(ulong address, ushort value);

    /// <summary>Writes 64 bits of device memory in one piece.</summary>
    public static partial void WriteMmio64(ulong address, ulong value);

    /// <summary>
    /// Encrypts a data unit of AES-XTS in place (IEEE 1619 §5.3), by AESENC. For processors that have the instructions.
    /// </summary>
    /// <param name="schedule">The round keys: XtsSchedule.</param>
    /// <param name="data">The unit.</param>
    /// <param name="blocks">Its blocks of 16 bytes, a multiple of 4 and not 0.</param>
    /// <param name="tweak">Number of the unit, 16 bytes, little-endian.</param>
    public static partial void XtsEncrypt(void* schedule, byte* data, ulong blocks, byte* tweak);

    /// <summary>Decrypts a data unit of AES-XTS in place (IEEE 1619 §5.4), by AESDEC.</summary>
    /// <param name="schedule">The round keys: XtsSchedule.</param>
    /// <param name="data">The unit.</param>
    /// <param name="blocks">As for <see cref="XtsEncrypt"/>.</param>
    /// <param name="tweak">Number of the unit, 16 bytes, little-endian.</param>
    public static partial void XtsDecrypt(void* schedule, byte* data, ulong blocks, byte* tweak);

    /// <summary>Calls a function that <see cref="EndContained"/> may end before it returns.</summary>
    /// <param name="function">The function.</param>
    /// <param name="argument">Its argument.</param>
    /// <param name="mark">Where the stack of the innermost such call is noted: 0 outside of them.</param>
    /// <returns>0 when it returned, 1 when it was ended.</returns>
    public static partial uint CallContained(delegate*<void*, void> function, void* argument, ulong* mark);

    /// <summary>Ends the innermost contained call: its caller goes on with 1. Does not return.</summary>
    /// <param name="mark">What <see cref="CallContained"/> noted.</param>
    public static partial void EndContained(ulong mark);

    /// <summary>
    /// Reads eight bytes that may not be mapped. Nonzero and the value stored, or 0 when the access faulted.
    /// </summary>
    public static partial uint TryRead64(ulong address, ulong* value);

    /// <summary>LOCK CMPXCHG of four bytes: the value found.</summary>
    public static partial uint CompareExchange(uint* location, uint value, uint comparand);

    /// <summary>XCHG of four bytes: the value found.</summary>
    public static partial uint Exchange(uint* location, uint value);

    /// <summary>LOCK XADD of four bytes: the value found.</summary>
    public static partial uint ExchangeAdd(uint* location, uint value);

    /// <summary>VMMCALL or VMCALL with RAX and RCX as given: how the driver speaks to the host under it. Only where the host runs.</summary>
    /// <param name="signature">RAX.</param>
    /// <param name="function">RCX.</param>
    /// <param name="vmcall">Nonzero for VMCALL (Intel), 0 for VMMCALL (AMD).</param>
    public static partial void Hypercall(ulong signature, ulong function, uint vmcall);

    /// <summary>
    /// Calls <paramref name="launch"/> in the resident copy of the image, and returns to the loaded driver in either of two ways: with what it returned, or, once
    /// the processor has become a guest, with 1. The copy is out of the guest's sight, so the guest cannot return through it.
    /// </summary>
    /// <param name="launch">Address of a function that takes a <c>BootParameters*</c> and returns a uint.</param>
    /// <param name="parameters">The parameters; its first two words receive RIP and RSP for the guest to go on with.</param>
    public static partial uint CallResident(ulong launch, void* parameters);

    /// <summary>
    /// Turns the running processor into a guest that goes on at the given place with 1 in RAX; does not return. The control structure is filled but for RSP, RIP,
    /// RFLAGS and RAX.
    /// </summary>
    /// <param name="processor">Address of the processor's data.</param>
    /// <param name="vmcb">Address of its control structure.</param>
    /// <param name="rip">RIP of the guest.</param>
    /// <param name="rsp">RSP of the guest.</param>
    public static partial void SvmLaunch(void* processor, void* vmcb, ulong rip, ulong rsp);

    /// <summary>Runs the guest for ever; does not return.</summary>
    /// <param name="processor">Address of the processor's data.</param>
    public static partial void SvmRun(void* processor);

    /// <summary>VMXON that may fault (Intel SDM vol 3 §30.3). Nonzero when the processor is in VMX operation, 0 when it raised an exception or failed.</summary>
    /// <param name="region">Where the physical address of the VMXON region stands.</param>
    public static partial uint TryVmxOn(ulong* region);

    /// <summary>XCR0. Only where CR4.OSXSAVE is set: a processor that has XSAVE has it in the host always.</summary>
    public static partial ulong ReadXcr0();

    /// <summary>Bits 127:0 of a vector register that compiled code leaves alone: the guest's, during an exit.</summary>
    /// <param name="number">6 to 15; for others nothing is done.</param>
    /// <param name="value">Room for 16 bytes.</param>
    public static partial void StoreVector(uint number, void* value);

    /// <summary>Changes bits 127:0 of a vector register that compiled code leaves alone, and no others.</summary>
    /// <param name="number">6 to 15; for others nothing is done.</param>
    /// <param name="value">16 bytes.</param>
    public static partial void LoadVector(uint number, void* value);

    /// <summary>Bits 255:128 of a vector register, which no compiled code changes. Only where XCR0 has AVX.</summary>
    /// <param name="number">0 to 15.</param>
    /// <param name="value">Room for 16 bytes.</param>
    public static partial void StoreVectorHigh(uint number, void* value);

    /// <summary>Changes bits 255:128 of a vector register, and clears those above. Only where XCR0 has AVX.</summary>
    /// <param name="number">0 to 15.</param>
    /// <param name="value">16 bytes.</param>
    public static partial void LoadVectorHigh(uint number, void* value);

    /// <summary>VMXOFF.</summary>
    public static partial void VmxOff();

    /// <summary>VMCLEAR: nonzero when it succeeded.</summary>
    /// <param name="vmcs">Where the physical address of the VMCS stands.</param>
    public static partial uint VmClear(ulong* vmcs);

    /// <summary>VMPTRLD: nonzero when it succeeded.</summary>
    /// <param name="vmcs">Where the physical address of the VMCS stands.</param>
    public static partial uint VmPtrLoad(ulong* vmcs);

    /// <summary>VMREAD of a field that exists: a failure is a defect of the host and ends in its fault report.</summary>
    public static partial ulong VmRead(uint field);

    /// <summary>VMREAD that may fail. Nonzero and the value stored when the field exists and a VMCS is current.</summary>
    public static partial uint TryVmRead(uint field, ulong* value);

    /// <summary>VMWRITE of a field that exists: a failure is a defect of the host and ends in its fault report.</summary>
    public static partial void VmWrite(uint field, ulong value);

    /// <summary>INVEPT.</summary>
    /// <param name="kind">1 for one EPT pointer, 2 for all.</param>
    /// <param name="pointer">The EPT pointer.</param>
    public static partial void InvalidateEpt(uint kind, ulong pointer);

    /// <summary>INVVPID.</summary>
    /// <param name="kind">1 for one identifier, 2 for all.</param>
    /// <param name="vpid">The identifier.</param>
    public static partial void InvalidateVpid(uint kind, ushort vpid);

    /// <summary>
    /// Turns the running processor into the guest that the current VMCS describes, with 1 in RAX. Returns only when VMLAUNCH failed, with nothing changed.
    /// </summary>
    public static partial void VmxLaunch();

    /// <summary>IRET to the next instruction: ends the blocking of NMIs that an exit by NMI leaves behind in the host (Intel SDM vol 3 §27.5.5).</summary>
    public static partial void UnblockNmis();

    /// <summary>Address at which exits of VMX guests arrive.</summary>
    public static partial ulong VmxExitPoint();

    /// <summary>Runs a guest whose VMCS was never launched, for ever; does not return.</summary>
    /// <param name="processor">Address of the processor's data.</param>
    public static partial void VmxRun(void* processor);

    /// <summary>Address of the exception entry for vector 0.</summary>
    public static partial ulong ExceptionEntries();

    /// <summary>First address, and one behind the last, of the stubs that may fault.</summary>
    public static partial void FaultableRange(ulong* begin, ulong* end);

    /// <summary>Addresses of the 16-bit and the 64-bit part of the start-up code, and of the 64-bit entry behind it.</summary>
    public static partial void TrampolineCode(ulong* code16, ulong* code64, ulong* entry);
}
