import GRPC

/// The methods of keevo.proto as they are named on the wire.
public enum KeevoMethods {
  static let service = "millrace.keevo.v1.Keevo"
  static let adminService = "millrace.keevo.v1.KeevoAdmin"
  public static let get = GRPCMethod(service: service, "Get")
  public static let multiGet = GRPCMethod(service: service, "MultiGet")
  public static let scan = GRPCMethod(service: service, "Scan")
  public static let multiScan = GRPCMethod(service: service, "MultiScan")
  public static let scanJoin = GRPCMethod(service: service, "ScanJoin")
  public static let unchanged = GRPCMethod(service: service, "Unchanged")
  public static let write = GRPCMethod(service: service, "Write")
  public static let putMany = GRPCMethod(service: service, "PutMany")
  public static let watch = GRPCMethod(service: service, "Watch")
  public static let topology = GRPCMethod(service: service, "Topology")
  public static let status = GRPCMethod(service: adminService, "Status")
  public static let metrics = GRPCMethod(service: adminService, "Metrics")
}
